#include "views/plan/engine_dialogs.h"

#include <QFileDialog>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QPushButton>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>

#include "core/files.h"

namespace moescope {
namespace {

constexpr std::size_t kMaxPlanBytes = std::size_t{256} << 20;

/// Forms by their place in engine_forms().
QComboBox* make_engines(QWidget* parent, bool to_read) {
  auto* box = new QComboBox(parent);
  box->setAccessibleName(QObject::tr("Engine"));
  for (std::size_t i = 0; i < engine_forms().size(); ++i)
    if (const EngineForm& form = *engine_forms()[i]; !to_read || !form.read_as_another())
      box->addItem(QString::fromUtf8(form.title()), static_cast<int>(i));
  return box;
}

const EngineForm& chosen(const QComboBox& box) {
  return *engine_forms()[box.currentData().value<std::size_t>()];
}

void choose_form(QComboBox& box, const EngineForm& form) {
  const auto& all = engine_forms();
  const auto at = std::find(all.begin(), all.end(), &form) - all.begin();
  box.setCurrentIndex(box.findData(static_cast<int>(at)));
}

/// A line with a button that chooses a file.
QWidget* with_button(QLineEdit* line, const QString& text, QWidget* parent,
                     const std::function<void()>& choose) {
  auto* row = new QWidget(parent);
  auto* layout = new QHBoxLayout(row);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(line, 1);
  auto* button = new QToolButton(row);
  button->setText(text);
  button->setToolTip(QObject::tr("Choose the file"));
  layout->addWidget(button);
  QObject::connect(button, &QToolButton::clicked, row, choose);
  return row;
}

}  // namespace

ExportPlanDialog::ExportPlanDialog(Plan plan, QWidget* parent)
    : QDialog(parent),
      plan_(std::move(plan)),
      engine_(make_engines(this, false)),
      file_(new QLineEdit(this)),
      first_layer_(new QSpinBox(this)),
      form_(new QFormLayout),
      launch_(new QPlainTextEdit(this)),
      caveats_(new QLabel(this)),
      result_(new QLabel(this)) {
  setObjectName("exportPlanDialog");
  setWindowTitle(tr("Export plan for an engine"));
  engine_->setObjectName("exportPlanEngine");
  file_->setObjectName("exportPlanFile");
  file_->setAccessibleName(tr("File"));
  launch_->setObjectName("exportPlanLaunch");
  launch_->setReadOnly(true);
  launch_->setAccessibleName(tr("Launch flags"));
  launch_->setToolTip(tr("What to start the engine with, so that it uses this file"));
  launch_->setMaximumHeight(92);
  for (QLabel* label : {caveats_, result_}) {
    label->setWordWrap(true);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse);
  }
  caveats_->setObjectName("exportPlanCaveats");
  result_->setObjectName("exportPlanResult");
  first_layer_->setObjectName("exportPlanFirstLayer");
  first_layer_->setRange(0, kMaxPlanLayers);
  first_layer_->setAccessibleName(tr("First MoE layer of the model"));
  first_layer_->setToolTip(
      tr("The plan does not say which layers of the model its rows are; DeepSeek-V3 begins with 3 "
         "dense layers"));
  form_->addRow(tr("Engine"), engine_);
  form_->addRow(tr("File"), with_button(file_, tr("…"), this, [this] { choose(); }));
  form_->addRow(tr("First MoE layer"), first_layer_);
  form_->addRow(tr("Start it with"), launch_);
  form_->addRow(tr("Caveats"), caveats_);
  buttons_ = new QDialogButtonBox(QDialogButtonBox::Save | QDialogButtonBox::Close, this);
  auto* column = new QVBoxLayout(this);
  column->addLayout(form_);
  column->addWidget(result_);
  column->addWidget(buttons_);
  resize(640, sizeHint().height());
  connect(engine_, &QComboBox::currentIndexChanged, this, [this] {
    QFileInfo info(file_->text());
    file_->setText(
        QDir::cleanPath(info.dir().filePath(info.completeBaseName() + '.' + engine().suffix())));
    refresh();
  });
  connect(file_, &QLineEdit::textChanged, this, &ExportPlanDialog::refresh);
  connect(first_layer_, &QSpinBox::valueChanged, this, &ExportPlanDialog::refresh);
  connect(buttons_->button(QDialogButtonBox::Save), &QPushButton::clicked, this,
          &ExportPlanDialog::write);
  connect(buttons_, &QDialogButtonBox::rejected, this, &QDialog::reject);
  connect(&job_, &JobRunner::failed, result_, &QLabel::setText);
  connect(&job_, &JobRunner::finished, this,
          [this] { buttons_->button(QDialogButtonBox::Save)->setEnabled(true); });
  file_->setText(QStringLiteral("plan.json"));
}

const EngineForm& ExportPlanDialog::engine() const {
  return chosen(*engine_);
}

Plan ExportPlanDialog::named() const {
  return first_layer_->value() > 0 ? with_first_layer(plan_, first_layer_->value()) : plan_;
}

void ExportPlanDialog::setEngine(const EngineForm& form) {
  choose_form(*engine_, form);
}

void ExportPlanDialog::setFile(const QString& file) {
  file_->setText(file);
}

void ExportPlanDialog::choose() {
  const QString file = QFileDialog::getSaveFileName(
      this, tr("Export plan"), file_->text(), tr("*.%1;;All files (*)").arg(engine().suffix()));
  if (!file.isEmpty()) file_->setText(file);
}

void ExportPlanDialog::refresh() {
  form_->setRowVisible(first_layer_, plan_.layer_ids.empty() && engine().names_model_layers());
  bool possible = !file_->text().isEmpty();
  QStringList caveats;
  launch_->clear();
  result_->clear();
  try {
    const EngineExport preview = export_plan(named(), engine(), file_->text().toStdString());
    launch_->setPlainText(QString::fromStdString(preview.launch));
    for (const std::string& caveat : preview.caveats)
      caveats << QString::fromUtf8("• ") + QString::fromStdString(caveat);
  } catch (const std::exception& error) {
    result_->setText(QString::fromUtf8(error.what()));
    possible = false;
  }
  caveats_->setText(caveats.isEmpty() ? tr("nothing in particular") : caveats.join('\n'));
  QPushButton* save = buttons_->button(QDialogButtonBox::Save);
  save->setEnabled(possible);
  // Return in the name field must not replace an existing file.
  const bool replaces = QFileInfo::exists(file_->text());
  save->setText(replaces ? tr("Replace") : tr("Write"));
  save->setAutoDefault(!replaces);
  save->setDefault(!replaces);
  buttons_->button(QDialogButtonBox::Close)->setDefault(replaces);
}

void ExportPlanDialog::write() {
  buttons_->button(QDialogButtonBox::Save)->setEnabled(false);
  const QString file = file_->text();
  job_.start(
      tr("Exporting the plan"),
      [plan = named(), form = &engine(), path = file.toStdString()](Progress&) {
        return write_engine_file(plan, *form, path);
      },
      [this, file](const EngineExport& done) {
        launch_->setPlainText(QString::fromStdString(done.launch));
        result_->setText(tr("Written, read back and found equal: %1").arg(file));
        Q_EMIT written(file);
      });
}

ImportPlanDialog::ImportPlanDialog(QWidget* parent)
    : QDialog(parent),
      engine_(make_engines(this, true)),
      file_(new QLineEdit(this)),
      gpus_(new QSpinBox(this)),
      nodes_(new QSpinBox(this)),
      groups_(new QSpinBox(this)),
      problem_(new QLabel(this)) {
  setObjectName("importPlanDialog");
  setWindowTitle(tr("Import a plan of an engine"));
  engine_->setObjectName("importPlanEngine");
  file_->setObjectName("importPlanFile");
  file_->setAccessibleName(tr("File"));
  gpus_->setObjectName("importPlanGpus");
  gpus_->setRange(0, kMaxPlanGpus);
  gpus_->setSpecialValueText(tr("as in the file"));
  nodes_->setRange(1, kMaxPlanGpus);
  nodes_->setObjectName("importPlanNodes");
  groups_->setRange(1, kMaxPlanExperts);
  groups_->setObjectName("importPlanGroups");
  problem_->setObjectName("importPlanProblem");
  problem_->setWordWrap(true);
  auto* form = new QFormLayout;
  form->addRow(tr("File"), with_button(file_, tr("…"), this, [this] {
                 const QString file = QFileDialog::getOpenFileName(this, tr("Import a plan"));
                 if (!file.isEmpty()) setFile(file);
               }));
  form->addRow(tr("Engine"), engine_);
  form->addRow(tr("GPUs"), gpus_);
  form->addRow(tr("Nodes"), nodes_);
  form->addRow(tr("Routing groups"), groups_);
  gpus_->setToolTip(tr("Most engines' files do not say for how many GPUs they are"));
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Open | QDialogButtonBox::Cancel, this);
  auto* column = new QVBoxLayout(this);
  column->addLayout(form);
  column->addWidget(problem_);
  column->addWidget(buttons);
  resize(520, sizeHint().height());
  connect(buttons, &QDialogButtonBox::accepted, this, &ImportPlanDialog::read);
  connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
}

void ImportPlanDialog::setFile(const QString& file) {
  file_->setText(file);
  problem_->clear();
  try {
    const std::string text = read_text_file(file.toStdString(), kMaxPlanBytes);
    if (const EngineForm* form = recognise_engine_form(text)) choose_form(*engine_, *form);
  } catch (const std::exception& error) {
    problem_->setText(QString::fromUtf8(error.what()));
  }
}

void ImportPlanDialog::read() {
  const std::string path = file_->text().toStdString();
  ImportShape shape;
  if (gpus_->value() > 0) shape.gpus = gpus_->value();
  shape.nodes = nodes_->value();
  shape.groups = groups_->value();
  try {
    const Plan plan =
        import_plan(read_text_file(path, kMaxPlanBytes), chosen(*engine_), shape, path);
    Q_EMIT made(plan, QFileInfo(file_->text()).fileName());
    accept();
  } catch (const std::exception& error) {
    problem_->setText(QString::fromUtf8(error.what()));
  }
}

}  // namespace moescope
