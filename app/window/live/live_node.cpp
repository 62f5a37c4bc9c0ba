#include "app/window/live/live_node.h"

#include <QCoreApplication>
#include <QDir>
#include <QFileInfo>

#ifdef Q_OS_LINUX
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#endif

namespace moescope {
namespace {
constexpr qsizetype kKeptLines = 12;
constexpr qsizetype kLongestLine = 400;

/// The threads of a runtime keep all cores busy; lower their priority so that the window stays
/// responsive.
void give_way_to_window() {
#ifdef Q_OS_LINUX
  constexpr int kNice = 5;
  setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + kNice);
  const sched_param none{};
  sched_setscheduler(0, SCHED_BATCH, &none);
#endif
}

}  // namespace

QString find_node_program() {
  const QFileInfo file(QCoreApplication::applicationDirPath() + "/moescope-node");
  return file.isExecutable() ? file.absoluteFilePath() : QString();
}

void end_with_parent([[maybe_unused]] qint64 parent) {
#ifdef Q_OS_LINUX
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  // The signal comes for a death after the call only.
  if (getppid() != parent) _exit(EXIT_FAILURE);
#endif
}

LiveNode::LiveNode(QObject* parent) : QObject(parent) {
  patience_.setSingleShot(true);
  patience_.setInterval(kPatienceMs);
  connect(&patience_, &QTimer::timeout, this, [this] {
    if (running()) process_->kill();
  });
}

LiveNode::~LiveNode() {
  if (!process_) return;
  process_->disconnect(this);
  if (process_->state() == QProcess::NotRunning) return;
  process_->terminate();
  if (process_->waitForFinished(kPatienceMs)) return;
  process_->kill();
  process_->waitForFinished(kPatienceMs);
}

QString LiveNode::target() const {
  return folder_ ? "unix:" + folder_->socket() : QString();
}

bool LiveNode::start(const QString& program, const QStringList& arguments) {
  SocketFolder::remove_abandoned(QDir::tempPath());
  folder_ = std::make_unique<SocketFolder>(QDir::tempPath());
  if (!folder_->valid()) return false;
  last_lines_.clear();
  open_line_.clear();
  asked_ = false;
  if (process_) process_->disconnect(this);  // the end of a replaced process is not reported
  process_ = std::make_unique<QProcess>();
  process_->setProcessChannelMode(QProcess::MergedChannels);
  process_->setStandardInputFile(QProcess::nullDevice());
  connect(process_.get(), &QProcess::readyRead, this, &LiveNode::read);
  connect(process_.get(), &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
    if (error == QProcess::FailedToStart)
      finish(tr("%1 cannot be started: %2").arg(process_->program(), process_->errorString()));
  });
  connect(process_.get(), &QProcess::finished, this, [this](int code, QProcess::ExitStatus status) {
    read();
    if (asked_ || (status == QProcess::NormalExit && code == 0))
      finish({});
    else if (status == QProcess::CrashExit)
      finish(tr("The embedded runtime was ended by a signal."));
    else
      finish(tr("The embedded runtime ended with exit code %1.").arg(code));
  });
  // A killed window cannot end the runtime, so the kernel does.
  process_->setChildProcessModifier([parent = QCoreApplication::applicationPid()] {
    end_with_parent(parent);
    give_way_to_window();
  });
  process_->start(program, QStringList{"--listen", target()} + arguments);
  return true;
}

void LiveNode::stop() {
  if (!running()) return;
  asked_ = true;
  process_->terminate();
  patience_.start();
}

void LiveNode::read() {
  open_line_ += process_->readAll();
  for (qsizetype end = open_line_.indexOf('\n'); end >= 0; end = open_line_.indexOf('\n')) {
    last_lines_ << QString::fromUtf8(open_line_.left(std::min(end, kLongestLine)));
    open_line_.remove(0, end + 1);
    if (last_lines_.size() > kKeptLines) last_lines_.removeFirst();
  }
  if (open_line_.size() > kLongestLine) open_line_.clear();
}

void LiveNode::finish(const QString& what) {
  patience_.stop();
  if (what.isEmpty()) {
    Q_EMIT ended({});
    return;
  }
  QStringList lines = last_lines_;
  if (!open_line_.isEmpty()) lines << QString::fromUtf8(open_line_);
  Q_EMIT ended(lines.isEmpty() ? what : what + '\n' + lines.join('\n'));
}

}  // namespace moescope
