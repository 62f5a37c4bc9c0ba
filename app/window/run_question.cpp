#include "app/window/run_question.h"

#include <QFileInfo>
#include <QScreen>

#include "app/window/main_window.h"

namespace moescope {
namespace {

constexpr int kCascade = 32;  // logical pixels from one window to the next

QString files_by_run(const QList<QStringList>& runs) {
  QStringList lines;
  for (int run = 0; run < runs.size(); ++run)
    lines << QObject::tr("run %1: %2").arg(run + 1).arg(runs[run].join(QLatin1String(", ")));
  return lines.join(QLatin1Char('\n'));
}

}  // namespace

RunQuestion::RunQuestion(MainWindow& window, WindowServices services)
    : QObject(&window), window_(window), services_(std::move(services)) {}

void RunQuestion::ask(const QStringList& files, const QList<QStringList>& runs,
                      const QString& reason) {
  MessageBar::Choices choices;
  if (runs.size() == 2) {
    choices.emplace_back(tr("Compare"), [this, runs] { compare(runs); });
    choices.emplace_back(tr("Side by side"), [this, runs] { sideBySide(runs); });
  }
  choices.emplace_back(tr("Merge anyway"), [this, files] { window_.loader().openMerged(files); });
  choices.emplace_back(tr("Open in %1 windows").arg(runs.size()), [this, runs] { separate(runs); });
  window_.messages().offer(
      {UserMessage::Level::Warning,
       tr("%1. Merged on one time axis, their times cannot be compared.").arg(reason),
       files_by_run(runs)},
      std::move(choices));
}

/// Opens the second run here and compares it with the first.
void RunQuestion::compare(const QList<QStringList>& runs) {
  window_.loader().open(runs[1]);
  window_.comparer().compareWith(runs[0]);
}

/// Opens the first run here and the second in another window with the same docks, side by side when
/// both fit on the screen.
void RunQuestion::sideBySide(const QList<QStringList>& runs) {
  const QRect screen = window_.screen()->availableGeometry();
  QRect here = window_.geometry(), there = here.translated(kCascade, kCascade);
  if (screen.width() / 2 >= window_.minimumSizeHint().width()) {
    const int frame = window_.frameGeometry().height() - window_.height();
    here = QRect(screen.left(), screen.top() + frame, screen.width() / 2, screen.height() - frame);
    there = here.translated(screen.width() / 2, 0);
    window_.showNormal();
    window_.setGeometry(here);
  }
  window_.loader().open(runs[0]);
  openElsewhere(runs[1], there);
}

void RunQuestion::separate(const QList<QStringList>& runs) {
  window_.loader().open(runs.front());
  QRect place = window_.geometry();
  for (int run = 1; run < runs.size(); ++run) {
    place.translate(kCascade, kCascade);
    openElsewhere(runs[run], place);
  }
}

MainWindow* RunQuestion::openElsewhere(const QStringList& files, const QRect& place) {
  window_.layouts().save();  // a new window starts with the saved docks
  auto* other = new MainWindow(services_);
  other->setAttribute(Qt::WA_DeleteOnClose);
  other->setGeometry(place);
  other->show();
  other->openFiles(files);
  return other;
}

}  // namespace moescope
