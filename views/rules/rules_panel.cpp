#include "views/rules/rules_panel.h"

#include <QAction>
#include <QComboBox>
#include <QFile>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QRegularExpression>
#include <QStyledItemDelegate>
#include <QToolButton>
#include <QVBoxLayout>

#include "core/error.h"
#include "core/files.h"
#include "views/common/action.h"
#include "views/common/destructive_action.h"
#include "views/common/row_height.h"
#include "views/common/theme.h"

namespace moescope {
namespace {

class ClassDelegate : public QStyledItemDelegate {
 public:
  using QStyledItemDelegate::QStyledItemDelegate;
  QWidget* createEditor(QWidget* parent, const QStyleOptionViewItem&,
                        const QModelIndex&) const override {
    auto* box = new QComboBox(parent);
    for (int c = 0; c < kSpanClassCount; ++c)
      box->addItem(class_label(static_cast<SpanClass>(c)), c);
    return box;
  }
  void setEditorData(QWidget* editor, const QModelIndex& index) const override {
    static_cast<QComboBox*>(editor)->setCurrentIndex(index.data(Qt::EditRole).toInt());
  }
  void setModelData(QWidget* editor, QAbstractItemModel* model,
                    const QModelIndex& index) const override {
    model->setData(index, static_cast<QComboBox*>(editor)->currentData(), Qt::EditRole);
  }
};

}  // namespace

RulesPanel::RulesPanel(TraceDocument& document, QWidget* parent)
    : QWidget(parent),
      document_(document),
      model_(&document.undoStack()),
      table_(new QTableView(this)),
      problem_(new QLabel(this)),
      at_once_(new QCheckBox(tr("Analyse at once"), this)),
      apply_(new QPushButton(tr("Apply"), this)) {
  setObjectName("rulesPanel");
  table_->setObjectName("rulesTable");
  table_->setAccessibleName(tr("Classification rules in order"));
  table_->setModel(&model_);
  table_->setItemDelegateForColumn(RulesModel::Class, new ClassDelegate(table_));
  table_->setSelectionBehavior(QAbstractItemView::SelectRows);
  table_->setSelectionMode(QAbstractItemView::SingleSelection);
  table_->setFrameShape(QFrame::NoFrame);
  table_->setShowGrid(false);
  table_->setAlternatingRowColors(true);
  fit_rows_to_text(*table_, 8);
  table_->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
  for (const int column : {RulesModel::Pattern, RulesModel::Comment})  // share what is left
    table_->horizontalHeader()->setSectionResizeMode(column, QHeaderView::Stretch);
  table_->horizontalHeader()->setStretchLastSection(false);
  problem_->setWordWrap(true);
  problem_->setAccessibleName(tr("What is wrong with the rules"));
  at_once_->setObjectName("applyRulesAtOnce");
  at_once_->setChecked(true);
  at_once_->setToolTip(tr("Analyse the open trace again after every edit that is valid"));
  apply_->setObjectName("applyRules");
  apply_->setToolTip(tr("Analyse the open trace again with these rules"));
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(4, 4, 4, 4);
  layout->addWidget(table_, 1);
  layout->addWidget(problem_);
  addCommands();
  connect(apply_, &QPushButton::clicked, this, &RulesPanel::apply);
  connect(&model_, &RulesModel::rulesEdited, this, &RulesPanel::refreshState);
  delay_.setSingleShot(true);
  delay_.setInterval(150);
  connect(&delay_, &QTimer::timeout, this, &RulesPanel::count);
  apply_delay_.setSingleShot(true);
  apply_delay_.setInterval(300);
  connect(&apply_delay_, &QTimer::timeout, this, &RulesPanel::apply);
  connect(at_once_, &QCheckBox::toggled, this, &RulesPanel::refreshState);
  connect(&document_, &TraceDocument::traceChanged, &delay_, qOverload<>(&QTimer::start));
  model_.reset(document_.rules());
}

QAction* RulesPanel::addCommand(const QString& name, const QString& text, const QString& tip,
                                const std::function<void()>& run) {
  QAction* action = add_command(this, "rules." + name, text, tip);
  connect(action, &QAction::triggered, this, run);
  return action;
}

void RulesPanel::addCommands() {
  const auto row = [this] { return table_->currentIndex().row(); };
  QList<QAction*> actions;
  actions << addCommand("add", tr("Add"), tr("Add a rule before the current one"), [this, row] {
    const int at = std::max(row(), 0);
    model_.addRule(at);
    showRule(at);
  });
  actions << mark_destructive(addCommand("remove", tr("Remove"), tr("Remove the current rule"),
                                         [this, row] { model_.removeRule(row()); }));
  for (const int direction : {-1, 1}) {
    actions << addCommand(direction < 0 ? "up" : "down", direction < 0 ? tr("Up") : tr("Down"),
                          direction < 0 ? tr("Move the current rule up: earlier rules count first")
                                        : tr("Move the current rule down"),
                          [this, row, direction] {
                            const int from = row();
                            model_.moveRule(from, direction);
                            showRule(std::clamp(from + direction, 0, model_.rowCount() - 1));
                          });
  }
  actions << mark_destructive(
      addCommand("built_in", tr("Built-in"), tr("Go back to the built-in rules"),
                 [this] { model_.change(RuleSet::built_in(), tr("Built-in rules")); }));
  actions << addCommand("import", tr("Import…"), tr("Read rules from a JSON file"), [this] {
    const QString file =
        QFileDialog::getOpenFileName(this, tr("Import rules"), {}, tr("Rule files (*.json)"));
    if (file.isEmpty()) return;
    try {
      importRules(file);
    } catch (const std::exception& error) {
      Q_EMIT failed(QString::fromUtf8(error.what()));
    }
  });
  actions << addCommand("export", tr("Export…"), tr("Write these rules to a JSON file"), [this] {
    const QString file = QFileDialog::getSaveFileName(this, tr("Export rules"), "rules.json",
                                                      tr("Rule files (*.json)"));
    if (file.isEmpty()) return;
    try {
      exportRules(file);
    } catch (const std::exception& error) {
      Q_EMIT failed(QString::fromUtf8(error.what()));
    }
  });
  auto* line = new QHBoxLayout;
  for (QAction* action : actions) {
    auto* button = new QToolButton(this);
    button->setDefaultAction(action);
    button->setAutoRaise(true);
    line->addWidget(button);
  }
  setTabOrder(line->itemAt(line->count() - 1)->widget(), at_once_);
  setTabOrder(at_once_, apply_);
  line->addStretch();
  line->addWidget(at_once_);
  line->addWidget(apply_);
  static_cast<QVBoxLayout*>(layout())->addLayout(line);
}

void RulesPanel::showRule(int rule) {
  const QModelIndex index = model_.index(rule, RulesModel::Pattern);
  table_->setCurrentIndex(index);
  table_->scrollTo(index);
}

void RulesPanel::addRuleFor(const QString& name, ClassifiedName now) {
  // The function with its namespaces: other arguments of its templates are of the same class.
  static const QRegularExpression arguments(QStringLiteral("[<(]"));
  QString function = name;
  if (function.startsWith(QLatin1String("void "))) function.remove(0, 5);
  if (const auto cut = function.indexOf(arguments); cut > 0) function.truncate(cut);
  RuleSet rules = model_.rules();
  rules.rules.insert(
      rules.rules.begin(),
      Rule{now.span_class, QRegularExpression::escape(function).toStdString(), now.waits, ""});
  model_.change(std::move(rules), tr("Add rule for %1").arg(function));
  showRule(0);
  table_->setCurrentIndex(model_.index(0, RulesModel::Class));
}

void RulesPanel::refreshState() {
  QString problem;
  for (int row = 0; row < model_.rowCount() && problem.isEmpty(); ++row)
    if (!model_.problem(row).isEmpty())
      problem = tr("Rule %1: %2").arg(row + 1).arg(model_.problem(row));
  problem_->setText(problem);
  problem_->setVisible(!problem.isEmpty());
  const bool differs = model_.rules().to_json() != document_.rules().to_json();
  apply_->setEnabled(problem.isEmpty() && differs);
  apply_delay_.stop();
  if (problem.isEmpty() && differs && at_once_->isChecked()) apply_delay_.start();
  delay_.start();
}

void RulesPanel::count() {
  const TracePtr trace = document_.trace();
  if (!trace || !model_.valid()) return;
  job_.start(
      tr("Counting names"),
      [trace, rules = model_.rules()](Progress&) {
        const Classification classes(*trace, rules);
        std::vector<int> matches(rules.rules.size());
        for (StringId id = 0; id < trace->strings().size(); ++id) {
          const int rule = classes.of(SpanKind::Kernel, id).rule;
          if (rule >= 0) ++matches[static_cast<std::size_t>(rule)];
        }
        return matches;
      },
      [this](std::vector<int> matches) {
        if (matches.size() == model_.rules().rules.size()) model_.setMatches(std::move(matches));
      });
}

void RulesPanel::apply() {
  apply_delay_.stop();
  if (!model_.valid()) return;
  document_.setRules(model_.rules());
  apply_->setEnabled(false);
}

void RulesPanel::importRules(const QString& file) {
  QFile in(file);
  if (!in.open(QIODevice::ReadOnly))
    throw Error(file.toStdString(), "", in.errorString().toStdString(),
                "choose a file that can be read");
  model_.change(RuleSet::from_json(in.readAll().toStdString(), file.toStdString()),
                tr("Import rules"));
}

void RulesPanel::exportRules(const QString& file) const {
  write_text_file(file.toStdString(), model_.rules().to_json());
}

}  // namespace moescope
