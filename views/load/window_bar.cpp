#include "views/load/window_bar.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QSignalBlocker>

#include "views/load/follow_time_button.h"

namespace moescope {

WindowBar::WindowBar(LoadDocument& document, QWidget* parent)
    : QWidget(parent),
      document_(document),
      first_(new QSpinBox(this)),
      last_(new QSpinBox(this)),
      slider_(new QSlider(Qt::Horizontal, this)),
      all_(new QToolButton(this)),
      newest_(new QToolButton(this)),
      reference_(new QComboBox(this)) {
  first_->setObjectName("loadFirstWindow");
  first_->setAccessibleName(tr("First window shown"));
  first_->setToolTip(tr("First window whose loads are summed"));
  last_->setObjectName("loadLastWindow");
  last_->setAccessibleName(tr("Last window shown"));
  last_->setToolTip(tr("Last window whose loads are summed"));
  slider_->setObjectName("loadWindowSlider");
  slider_->setMinimumWidth(30);
  slider_->setAccessibleName(tr("Move the shown windows"));
  slider_->setToolTip(tr("Slide the window selection; its length stays the same"));
  all_->setObjectName("loadAllWindows");
  all_->setText(tr("All"));
  all_->setToolTip(tr("Sum over all windows"));
  newest_->setObjectName("loadNewestWindows");
  newest_->setText(tr("Newest"));
  newest_->setCheckable(true);
  newest_->setToolTip(
      tr("Sum over the newest windows and move on with them while loads are recorded; choose "
         "windows up to the last one to follow as many"));
  reference_->setObjectName("loadReference");
  reference_->setAccessibleName(tr("Windows to compare with"));
  // The bar determines the minimum width of the heatmap.
  reference_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  reference_->setMinimumContentsLength(6);
  reference_->setToolTip(
      tr("Windows that the shown ones are compared with, in the scale \"Change\" and in the drift "
         "of each layer; shown windows are left out"));
  auto* layout = new QHBoxLayout(this);
  layout->setContentsMargins(4, 0, 4, 0);
  auto* name = new QLabel(tr("&Windows"), this);
  name->setBuddy(first_);
  layout->addWidget(name);
  layout->addWidget(first_);
  layout->addWidget(new QLabel(tr("to"), this));
  layout->addWidget(last_);
  layout->addWidget(slider_, 1);
  layout->addWidget(all_);
  layout->addWidget(newest_);
  layout->addWidget(new FollowTimeButton(document, this));
  auto* against = new QLabel(tr("&Compare with"), this);
  against->setBuddy(reference_);
  layout->addWidget(against);
  layout->addWidget(reference_, 1);
  const auto choose = [this] {
    document_.setWindows({first_->value(), std::max(first_->value(), last_->value()) + 1});
  };
  connect(first_, &QSpinBox::valueChanged, this, choose);
  connect(last_, &QSpinBox::valueChanged, this, [this] {
    document_.setWindows({std::min(first_->value(), last_->value()), last_->value() + 1});
  });
  connect(slider_, &QSlider::valueChanged, this, [this](int first) {
    document_.setWindows({first, first + document_.windows().count()});
  });
  connect(all_, &QToolButton::clicked, this, &WindowBar::showAll);
  connect(newest_, &QToolButton::clicked, this, &WindowBar::showNewest);
  connect(reference_, &QComboBox::currentIndexChanged, this, &WindowBar::chooseReference);
  connect(&document, &LoadDocument::loadsChanged, this, &WindowBar::refresh);
  connect(&document, &LoadDocument::windowsChanged, this, &WindowBar::refresh);
  refresh();
}

int WindowBar::count() const {
  return document_.loads() ? static_cast<int>(document_.loads()->windows.size()) : 0;
}

void WindowBar::showAll() {
  document_.setWindows({0, count()});
}

void WindowBar::showNewest() {
  document_.followNewest(kNewest);
  refresh();
}

void WindowBar::step(int direction) {
  const WindowRange now = document_.windows();
  const int length = now.count();
  const int first = std::clamp(now.first + direction * length, 0, std::max(0, count() - length));
  document_.setWindows({first, first + length});
}

void WindowBar::keepAsReference() {
  kept_ = document_.windows();
  refresh();
  reference_->setCurrentIndex(reference_->findData(static_cast<int>(Reference::Kept)));
  applyReference();
}

std::optional<WindowRange> WindowBar::referenceFor(Reference choice) const {
  const WindowRange now = document_.windows();
  const int windows = count();
  switch (choice) {
    case Reference::None:
      return std::nullopt;
    case Reference::Before:
      if (now.first == 0) return std::nullopt;
      return WindowRange{std::max(0, now.first - now.count()), now.first};
    case Reference::FirstHalf:
      if (windows < 2) return std::nullopt;
      return WindowRange{0, windows / 2};
    case Reference::Rest:
      return WindowRange{0, windows};
    case Reference::Kept:
      return kept_;
  }
  return std::nullopt;
}

void WindowBar::chooseReference() {
  const auto choice = static_cast<Reference>(reference_->currentData().toInt());
  applyReference();
  Q_EMIT referenceChosen(choice != Reference::None);
}

void WindowBar::applyReference() {
  document_.setReference(referenceFor(static_cast<Reference>(reference_->currentData().toInt())));
}

void WindowBar::refresh() {
  const int windows = count();
  const WindowRange now = document_.windows();
  const bool keeps = reference_->currentData().toInt() == static_cast<int>(Reference::Kept);
  if (keeps && document_.growing()) kept_ = document_.reference();
  if (kept_ && kept_->last > windows) kept_.reset();
  newest_->setVisible(document_.growing());
  newest_->setChecked(document_.newest() > 0);
  {
    const QSignalBlocker a(first_), b(last_), c(slider_), d(reference_);
    first_->setRange(0, std::max(0, windows - 1));
    last_->setRange(0, std::max(0, windows - 1));
    first_->setValue(now.first);
    last_->setValue(std::max(0, now.last - 1));
    slider_->setRange(0, std::max(0, windows - now.count()));
    slider_->setPageStep(std::max(1, now.count()));
    slider_->setValue(now.first);
    const QVariant chosen = reference_->currentData();
    reference_->clear();
    reference_->addItem(tr("nothing"), static_cast<int>(Reference::None));
    reference_->addItem(tr("the windows before"), static_cast<int>(Reference::Before));
    reference_->addItem(tr("the first half"), static_cast<int>(Reference::FirstHalf));
    reference_->addItem(tr("all other windows"), static_cast<int>(Reference::Rest));
    if (kept_)
      reference_->addItem(tr("windows %1 to %2").arg(kept_->first).arg(kept_->last - 1),
                          static_cast<int>(Reference::Kept));
    reference_->setCurrentIndex(std::max(0, reference_->findData(chosen)));
  }
  for (QWidget* widget :
       {static_cast<QWidget*>(first_), static_cast<QWidget*>(last_), static_cast<QWidget*>(slider_),
        static_cast<QWidget*>(all_), static_cast<QWidget*>(reference_)})
    widget->setEnabled(windows > 1);
  applyReference();
}

}  // namespace moescope
