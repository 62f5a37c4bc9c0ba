#include "app/window/output/export_dialog.h"

#include <QApplication>
#include <QClipboard>
#include <QDialogButtonBox>
#include <QFileDialog>
#include <QFileInfo>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QPushButton>
#include <QVBoxLayout>

#include "views/common/theme.h"

namespace moescope {
namespace {

constexpr QSize kPreview(460, 260);
constexpr int kLeast = 200, kMost = 16000;  // points
constexpr auto kSettings = "export";

}  // namespace

ExportDialog::ExportDialog(DockLayout& layout, Session& session, QWidget* parent)
    : QDialog(parent),
      layout_(layout),
      session_(session),
      view_(new QComboBox(this)),
      format_(new QComboBox(this)),
      theme_(new QComboBox(this)),
      scale_(new QComboBox(this)),
      width_(new QSpinBox(this)),
      height_(new QSpinBox(this)),
      preview_(new QLabel(this)) {
  setObjectName("exportDialog");
  setWindowTitle(tr("Export chart"));
  build();
  restore();
  delay_.setSingleShot(true);
  delay_.setInterval(60);
  connect(&delay_, &QTimer::timeout, this, &ExportDialog::refresh);
  for (QComboBox* box : {view_, format_, theme_, scale_})
    connect(box, &QComboBox::currentIndexChanged, &delay_, qOverload<>(&QTimer::start));
  for (QSpinBox* box : {width_, height_})
    connect(box, &QSpinBox::valueChanged, &delay_, qOverload<>(&QTimer::start));
  refresh();
}

void ExportDialog::build() {
  for (QDockWidget* dock : layout_.docks())
    if (dynamic_cast<Chart*>(panel_of(*dock)) != nullptr)
      view_->addItem(dock->windowTitle(), dock->objectName());
  const QList<QPair<QString, QString>> formats = {{tr("PNG picture"), "png"},
                                                  {tr("SVG drawing"), "svg"},
                                                  {tr("PDF page"), "pdf"},
                                                  {tr("CSV data"), "csv"}};
  for (const auto& [text, id] : formats) format_->addItem(text, id);
  theme_->addItem(tr("Light"), "light");
  theme_->addItem(tr("Dark"), "dark");
  for (const int scale : {1, 2, 3, 4}) scale_->addItem(tr("%1 pixels per point").arg(scale), scale);
  for (QSpinBox* box : {width_, height_}) {
    box->setRange(kLeast, kMost);
    box->setSingleStep(40);
    box->setSuffix(tr(" points"));
  }
  view_->setObjectName("exportView");
  format_->setObjectName("exportFormat");
  theme_->setObjectName("exportTheme");
  scale_->setObjectName("exportScale");
  width_->setObjectName("exportWidth");
  height_->setObjectName("exportHeight");
  preview_->setObjectName("exportPreview");
  preview_->setFixedSize(kPreview);
  preview_->setAlignment(Qt::AlignCenter);
  preview_->setWordWrap(true);
  preview_->setFrameShape(QFrame::StyledPanel);
  auto* form = new QFormLayout;
  form->addRow(tr("&View"), view_);
  form->addRow(tr("&Format"), format_);
  form->addRow(tr("&Width"), width_);
  form->addRow(tr("&Height"), height_);
  form->addRow(tr("&Colours"), theme_);
  form->addRow(tr("&Sharpness"), scale_);
  QWidget* const fields[] = {view_, format_, width_, height_, theme_, scale_};
  for (std::size_t i = 1; i < std::size(fields); ++i) setTabOrder(fields[i - 1], fields[i]);
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
  auto* save = buttons->addButton(tr("&Export…"), QDialogButtonBox::AcceptRole);
  auto* copy = buttons->addButton(tr("Copy &picture"), QDialogButtonBox::ActionRole);
  auto* copy_data = buttons->addButton(tr("Copy &data"), QDialogButtonBox::ActionRole);
  save->setDefault(true);
  copy->setToolTip(tr("Put the picture on the clipboard"));
  copy_data->setToolTip(tr("Put the data behind the picture on the clipboard as CSV"));
  connect(save, &QPushButton::clicked, this, &ExportDialog::chooseFile);
  connect(copy, &QPushButton::clicked, this, &ExportDialog::copyPicture);
  connect(copy_data, &QPushButton::clicked, this, &ExportDialog::copyData);
  connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
  auto* top = new QHBoxLayout;
  top->addLayout(form, 1);
  top->addWidget(preview_);
  auto* layout = new QVBoxLayout(this);
  layout->addLayout(top);
  layout->addWidget(buttons);
}

void ExportDialog::restore() {
  const QStringList last =
      QString::fromUtf8(session_.value(kSettings)).split(QLatin1Char(' '), Qt::SkipEmptyParts);
  width_->setValue(last.value(0, "1280").toInt());
  height_->setValue(last.value(1, "720").toInt());
  format_->setCurrentIndex(std::max(0, format_->findData(last.value(2))));
  theme_->setCurrentIndex(last.size() > 3 ? std::max(0, theme_->findData(last[3]))
                                          : (Theme::of(palette()).dark ? 1 : 0));
  scale_->setCurrentIndex(std::max(0, scale_->findData(last.value(4, "2").toInt())));
}

void ExportDialog::remember() {
  session_.setValue(
      kSettings,
      QStringList{QString::number(width_->value()), QString::number(height_->value()), format(),
                  theme_->currentData().toString(), scale_->currentData().toString()}
          .join(QLatin1Char(' '))
          .toUtf8());
}

void ExportDialog::chooseView(const QString& id) {
  const QDockWidget* dock = layout_.dock(id);
  const int index = dock == nullptr ? -1 : view_->findData(dock->objectName());
  if (index >= 0) view_->setCurrentIndex(index);
}

Chart* ExportDialog::chart() const {
  for (QDockWidget* dock : layout_.docks())
    if (dock->objectName() == view_->currentData().toString())
      return dynamic_cast<Chart*>(panel_of(*dock));
  return nullptr;
}

const Theme& ExportDialog::theme() const {
  return theme_->currentData() == QVariant("dark") ? Theme::dark_theme() : Theme::light();
}

void ExportDialog::refresh() {
  const bool csv = format() == "csv";
  for (QWidget* widget : {static_cast<QWidget*>(width_), static_cast<QWidget*>(height_),
                          static_cast<QWidget*>(theme_)})
    widget->setEnabled(!csv);
  scale_->setEnabled(format() == "png");
  if (chart() == nullptr) return;
  if (csv) {
    preview_->setPixmap({});
    preview_->setText(tr("The data behind the picture, with a header that names units."));
    return;
  }
  try {
    // The real layout, made small: labels and legend as they will be.
    const QImage image = render_chart(*chart(), size(), theme());
    preview_->setPixmap(QPixmap::fromImage(
        image.scaled(kPreview - QSize(4, 4), Qt::KeepAspectRatio, Qt::SmoothTransformation)));
  } catch (const std::exception& error) {
    preview_->setText(QString::fromUtf8(error.what()));
  }
}

bool ExportDialog::exportTo(QString file) {
  if (chart() == nullptr) return false;
  if (QFileInfo(file).suffix().isEmpty()) file += '.' + format();
  try {
    export_chart(*chart(), file, size(), theme(), scale_->currentData().toInt());
    remember();
    Q_EMIT message({UserMessage::Level::Info, tr("Exported %1.").arg(file), {}});
    return true;
  } catch (const std::exception& error) {
    Q_EMIT message({UserMessage::Level::Error, QString::fromUtf8(error.what()), {}});
    return false;
  }
}

void ExportDialog::chooseFile() {
  if (chart() == nullptr) return;
  const QString file = QFileDialog::getSaveFileName(
      this, tr("Export chart"), chart()->chartName() + '.' + format(),
      tr("%1 (*.%2);;All files (*)").arg(format_->currentText(), format()));
  if (!file.isEmpty() && exportTo(file)) accept();
}

void ExportDialog::copyPicture() {
  if (chart() == nullptr) return;
  try {
    QApplication::clipboard()->setImage(
        render_chart(*chart(), size(), theme(), scale_->currentData().toInt()));
    remember();
    Q_EMIT message({UserMessage::Level::Info, tr("The picture is on the clipboard."), {}});
  } catch (const std::exception& error) {
    Q_EMIT message({UserMessage::Level::Error, QString::fromUtf8(error.what()), {}});
  }
}

void ExportDialog::copyData() {
  if (chart() == nullptr) return;
  QApplication::clipboard()->setText(chart()->csv());
  Q_EMIT message({UserMessage::Level::Info, tr("The data is on the clipboard as CSV."), {}});
}

}  // namespace moescope
