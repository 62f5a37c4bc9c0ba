#include "views/find/find_panel.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QVBoxLayout>
#include <array>

#include "views/common/positions.h"
#include "views/common/row_height.h"
#include "views/common/units.h"
#include "views/workspace/reveal.h"

namespace moescope {
namespace {
constexpr int kGrownMs = 2000;  // between searches of a growing trace
}

void FindModel::setHits(TracePtr trace, std::vector<FoundSpan> hits) {
  beginResetModel();
  trace_ = std::move(trace);
  hits_ = std::move(hits);
  endResetModel();
}

int FindModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(hits_.size());
}

int FindModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : ColumnCount;
}

QVariant FindModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  if (role == Qt::TextAlignmentRole && index.column() <= Duration)
    return QVariant::fromValue(Qt::AlignRight | Qt::AlignVCenter);
  if (role != Qt::DisplayRole && role != Qt::ToolTipRole) return {};
  const auto& [ref, span] = hits_[static_cast<std::size_t>(index.row())];
  const bool full = role == Qt::ToolTipRole;
  switch (index.column()) {
    case Start:
      return full ? format_time_full(span.start)
                  : format_position(span.start, 1000, position_unit(trace_->range().end));
    case Duration:
      return full ? format_time_full(span.duration) : format_time(span.duration);
    case Name: {
      const auto name = trace_->strings()[span.name];
      return QString::fromUtf8(name.data(), static_cast<qsizetype>(name.size()));
    }
    default:
      return QString::fromStdString(trace_->path(ref.track));
  }
}

QVariant FindModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || role != Qt::DisplayRole) return {};
  const std::array<QString, ColumnCount> titles = {tr("Start"), tr("Duration"), tr("Name"),
                                                   tr("Track")};
  return section >= 0 && section < ColumnCount ? titles[static_cast<std::size_t>(section)]
                                               : QVariant();
}

FindPanel::FindPanel(TraceDocument& document, Selection& selection, QWidget* parent)
    : QWidget(parent),
      document_(document),
      selection_(selection),
      input_(new QLineEdit(this)),
      regex_(new QCheckBox(tr("Regular expression"), this)),
      case_(new QCheckBox(tr("Match case"), this)),
      count_(new QLabel(this)),
      table_(new QTableView(this)),
      empty_(new QLabel(this)) {
  setObjectName("findPanel");
  input_->setObjectName("findInput");
  input_->setPlaceholderText(tr("Find spans by name"));
  input_->setClearButtonEnabled(true);
  input_->setAccessibleName(tr("Find spans by name"));
  count_->setObjectName("findCount");
  table_->setObjectName("findTable");
  table_->setAccessibleName(tr("Spans found"));
  table_->setModel(&model_);
  table_->setSelectionBehavior(QAbstractItemView::SelectRows);
  table_->setSelectionMode(QAbstractItemView::SingleSelection);
  table_->setFrameShape(QFrame::NoFrame);
  table_->setShowGrid(false);
  table_->setWordWrap(false);
  table_->verticalHeader()->hide();
  fit_rows_to_text(*table_);
  table_->horizontalHeader()->setSectionResizeMode(FindModel::Name, QHeaderView::Stretch);
  empty_->setObjectName("findEmpty");
  empty_->setAlignment(Qt::AlignCenter);
  empty_->setWordWrap(true);
  empty_->setForegroundRole(QPalette::PlaceholderText);
  auto* options = new QHBoxLayout;
  options->addWidget(regex_);
  options->addWidget(case_);
  options->addStretch();
  options->addWidget(count_);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(4, 4, 4, 4);
  layout->addWidget(input_);
  layout->addLayout(options);
  layout->addWidget(table_, 1);
  layout->addWidget(empty_, 1);
  connect(this, &FindPanel::hitsChanged, this, &FindPanel::showEmpty);
  delay_.setSingleShot(true);
  delay_.setInterval(150);
  const auto later = [this] { delay_.start(); };
  connect(&delay_, &QTimer::timeout, this, &FindPanel::search);
  connect(input_, &QLineEdit::textChanged, this, later);
  connect(regex_, &QCheckBox::toggled, this, later);
  connect(case_, &QCheckBox::toggled, this, later);
  connect(input_, &QLineEdit::returnPressed, this, &FindPanel::next);
  connect(&document_, &TraceDocument::traceChanged, this, [this] {
    showResult(nullptr, {});
    search();
  });
  connect(&selection_, &Selection::foundCleared, this, &FindPanel::forget);
  connect(&document_, &TraceDocument::traceGrown, this, [this](bool evicted) {
    if (evicted) showResult(nullptr, {});
    // Searches again only when the previous search has finished, which is never abandoned.
    if (!input_->text().isEmpty() && !grown_.isActive()) grown_.start();
  });
  grown_.setSingleShot(true);
  grown_.setInterval(kGrownMs);
  connect(&grown_, &QTimer::timeout, this, [this] {
    if (job_.running())
      grown_.start();
    else
      search();
  });
  connect(table_, &QTableView::clicked, this, [this](const QModelIndex& i) { go(i.row()); });
  connect(table_, &QTableView::activated, this, [this](const QModelIndex& i) { go(i.row()); });
  connect(&job_, &JobRunner::failed, this, [this](const QString& error) {
    showResult(nullptr, {});
    count_->setText(tr("not valid"));
    count_->setToolTip(error);
    Q_EMIT hitsChanged();
  });
  showEmpty();
}

/// Instead of an empty table: why it is empty.
void FindPanel::showEmpty() {
  const bool empty = model_.rowCount() == 0;
  table_->setVisible(!empty);
  empty_->setVisible(empty);
  if (!document_.trace())
    empty_->setText(tr("No trace is open. Open one to find its spans."));
  else if (input_->text().isEmpty())
    empty_->setText(tr("Write a part of a span's name above. Return goes from hit to hit."));
  else if (!count_->toolTip().isEmpty())
    empty_->setText(count_->toolTip());
  else
    empty_->setText(tr("No span of this trace has such a name."));
}

void FindPanel::setText(const QString& text) {
  input_->setText(text);
}

void FindPanel::search() {
  const FindQuery query{input_->text().toStdString(), regex_->isChecked(), case_->isChecked()};
  const TracePtr trace = document_.trace();
  if (!trace || query.text.empty()) {
    job_.abandon();  // of a name that is not looked for any more
    showResult(nullptr, {});
    count_->clear();
    count_->setToolTip({});
    Q_EMIT hitsChanged();
    return;
  }
  job_.start(
      tr("Find"),
      [trace, query](Progress& progress) { return find_spans(*trace, query, progress); },
      [this, trace, number = document_.traceNumber()](FindResult result) {
        if (number != document_.traceNumber()) return;
        count_->setText(tr("%1 found").arg(format_count(result.total)));
        count_->setToolTip(
            result.limited() ? tr("The first %1 are listed.").arg(format_count(result.hits.size()))
                             : QString());
        showResult(trace, std::move(result));
        for (const int column : {FindModel::Start, FindModel::Track})
          table_->resizeColumnToContents(column);
        Q_EMIT hitsChanged();
      });
}

/// The list, and what the timeline leaves bright.
void FindPanel::showResult(TracePtr trace, FindResult result) {
  model_.setHits(std::move(trace), std::move(result.hits));
  selection_.setFound(std::move(result.map));
}

/// Somebody cleared what was found: it is looked for no more.
void FindPanel::forget() {
  delay_.stop();
  const QSignalBlocker block(input_);
  input_->clear();
  search();
  Q_EMIT cleared();
}

void FindPanel::step(int direction) {
  const int count = model_.rowCount();
  if (count == 0) return;
  const QModelIndex current = table_->currentIndex();
  const int row = current.isValid() ? current.row() + direction : (direction > 0 ? 0 : count - 1);
  go((row + count) % count);
}

void FindPanel::go(int row) {
  table_->setCurrentIndex(model_.index(row, 0));
  const auto& [ref, span] = model_.hits()[static_cast<std::size_t>(row)];
  reveal_span(selection_, ref, span);
}

}  // namespace moescope
