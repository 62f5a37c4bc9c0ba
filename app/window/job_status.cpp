#include "app/window/job_status.h"

#include <QHBoxLayout>
#include <algorithm>

namespace moescope {
namespace {
constexpr int kSteps = 1000;
}

JobStatus::JobStatus(QWidget* parent)
    : QWidget(parent),
      what_(new QLabel(this)),
      bar_(new QProgressBar(this)),
      cancel_(new QPushButton(tr("Cancel"), this)) {
  setObjectName("jobStatus");
  bar_->setFixedWidth(180);
  bar_->setMaximumHeight(16);
  bar_->setAccessibleName(tr("Progress of the running work"));
  cancel_->setObjectName("cancelJob");
  cancel_->setToolTip(tr("Stop; what is open stays as it is"));
  auto* layout = new QHBoxLayout(this);
  layout->setContentsMargins(0, 0, 4, 0);
  layout->addWidget(what_);
  layout->addWidget(bar_);
  layout->addWidget(cancel_);
  connect(cancel_, &QPushButton::clicked, this, [this] {
    cancel_->setEnabled(false);
    what_->setText(tr("Cancelling"));
    Q_EMIT cancelRequested();
  });
  hide();
}

void JobStatus::setBusy(bool busy, const QString& title) {
  if (!busy) {
    hide();
    return;
  }
  if (!title.isEmpty()) {
    title_ = title;
    what_->setText(title);
    bar_->setRange(0, 0);
    cancel_->setEnabled(true);
  }
  show();
}

void JobStatus::setProgress(double fraction, const QString& what) {
  if (!cancel_->isEnabled()) return;
  bar_->setRange(0, kSteps);
  bar_->setValue(static_cast<int>(std::clamp(fraction, 0.0, 1.0) * kSteps));
  what_->setText(what.isEmpty() ? title_ : title_ + QStringLiteral(": ") + what);
}

}  // namespace moescope
