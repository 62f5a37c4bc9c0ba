#include "app/window/live/attach_panel.h"

#include <QFileDialog>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QPushButton>
#include <QToolButton>
#include <QVBoxLayout>

#include "core/error.h"

namespace moescope {
namespace {
constexpr auto kTargets = "live/targets";
constexpr auto kFiles = "live/files";
constexpr qsizetype kMostTargets = 10;
}  // namespace

AttachPanel::AttachPanel(Session& session, QWidget* parent)
    : QFrame(parent),
      session_(session),
      target_(new QComboBox(this)),
      files_(new QWidget(this)),
      problem_(new QLabel(this)) {
  setObjectName("attachPanel");
  target_->setObjectName("attachTarget");
  target_->setEditable(true);
  target_->setInsertPolicy(QComboBox::NoInsert);
  target_->setMinimumWidth(260);
  target_->setAccessibleName(tr("Node to attach to"));
  target_->lineEdit()->setPlaceholderText(tr("host:port or unix:PATH"));
  target_->setToolTip(tr("Address on which a moescope-node listens"));
  auto* label = new QLabel(tr("Attach to"), this);
  label->setBuddy(target_);
  auto* more = new QToolButton(this);
  more->setObjectName("attachMore");
  more->setText(tr("Token and certificates"));
  more->setCheckable(true);
  more->setToolTip(
      tr("A Unix socket needs nothing, a port of this machine a token or TLS, another "
         "machine TLS"));
  auto* go = new QPushButton(tr("Attach"), this);
  go->setObjectName("attachGo");
  auto* close = new QToolButton(this);
  close->setText(QString::fromUtf8("✕"));
  close->setAutoRaise(true);
  close->setToolTip(tr("Close"));
  close->setAccessibleName(tr("Close"));
  auto* line = new QHBoxLayout;
  line->addWidget(label);
  line->addWidget(target_, 1);
  line->addWidget(more);
  line->addWidget(go);
  line->addWidget(close);
  problem_->setObjectName("attachProblem");
  problem_->setWordWrap(true);
  problem_->hide();
  auto* grid = new QGridLayout(files_);
  grid->setContentsMargins(0, 0, 0, 0);
  token_ = addFile("attachToken", tr("Token file"), tr("Shared secret for a port of this machine"));
  ca_ = addFile("attachCa", tr("Certificate authority"),
                tr("Certificates that sign the node's, PEM"));
  cert_ = addFile("attachCert", tr("Certificate"), tr("Your certificate, PEM"));
  key_ = addFile("attachKey", tr("Key"), tr("The key of your certificate, PEM"));
  files_->hide();
  auto* lines = new QVBoxLayout(this);
  lines->setContentsMargins(8, 4, 8, 4);
  lines->addLayout(line);
  lines->addWidget(files_);
  lines->addWidget(problem_);
  connect(more, &QToolButton::toggled, files_, &QWidget::setVisible);
  connect(go, &QPushButton::clicked, this, &AttachPanel::attach);
  connect(target_->lineEdit(), &QLineEdit::returnPressed, this, &AttachPanel::attach);
  connect(close, &QToolButton::clicked, this, &AttachPanel::closed);
  const QStringList files = QString::fromUtf8(session_.value(kFiles)).split('\n');
  const QList<QLineEdit*> edits{token_, ca_, cert_, key_};
  for (qsizetype i = 0; i < edits.size(); ++i) edits[i]->setText(files.value(i));
  fillRecent();
}

QLineEdit* AttachPanel::addFile(const QString& name, const QString& text, const QString& tip) {
  auto* grid = static_cast<QGridLayout*>(files_->layout());
  const int row = grid->rowCount();
  auto* label = new QLabel(text, files_);
  auto* edit = new QLineEdit(files_);
  edit->setObjectName(name);
  edit->setToolTip(tip);
  edit->setAccessibleName(text);
  label->setBuddy(edit);
  auto* choose = new QToolButton(files_);
  choose->setText(tr("Choose…"));
  connect(choose, &QToolButton::clicked, edit, [this, edit, text] {
    const QString file = QFileDialog::getOpenFileName(this, text, edit->text());
    if (!file.isEmpty()) edit->setText(file);
  });
  grid->addWidget(label, row, 0);
  grid->addWidget(edit, row, 1);
  grid->addWidget(choose, row, 2);
  return edit;
}

void AttachPanel::open() {
  fillRecent();
  show();
  target_->setFocus(Qt::ShortcutFocusReason);
}

void AttachPanel::attach() {
  const QString target = target_->currentText().trimmed();
  const auto path = [](const QLineEdit* edit) {
    return std::filesystem::path(edit->text().trimmed().toStdString());
  };
  const PeerFiles files{path(token_), path(ca_), path(cert_), path(key_)};
  try {
    check_security(parse_target(target.toStdString()), files);
  } catch (const Error& error) {
    problem_->setText(QString::fromUtf8(error.what()));
    problem_->show();
    return;
  }
  problem_->hide();
  remember(target);
  Q_EMIT attachRequested(target, files);
}

void AttachPanel::remember(const QString& target) {
  QStringList targets = QString::fromUtf8(session_.value(kTargets)).split('\n', Qt::SkipEmptyParts);
  targets.removeAll(target);
  targets.prepend(target);
  session_.setValue(kTargets, targets.mid(0, kMostTargets).join('\n').toUtf8());
  session_.setValue(
      kFiles,
      QStringList{token_->text(), ca_->text(), cert_->text(), key_->text()}.join('\n').toUtf8());
}

void AttachPanel::fillRecent() {
  const QString typed = target_->currentText();
  target_->clear();
  target_->addItems(QString::fromUtf8(session_.value(kTargets)).split('\n', Qt::SkipEmptyParts));
  target_->setEditText(typed);
}

}  // namespace moescope
