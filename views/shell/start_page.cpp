#include "views/shell/start_page.h"

#include <QAction>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QVBoxLayout>

namespace moescope {
namespace {

constexpr int kFilesRole = Qt::UserRole;
constexpr int kPinnedRole = Qt::UserRole + 1;
constexpr int kRowPadding = 10;
constexpr qsizetype kShownRows = 10;

QLabel* make_title(const QString& text, QWidget* parent) {
  auto* label = new QLabel(text, parent);
  QFont font = label->font();
  font.setBold(true);
  label->setFont(font);
  return label;
}

}  // namespace

StartPage::StartPage(QWidget* parent)
    : QWidget(parent),
      restore_(new QPushButton(tr("Restore last session"), this)),
      recent_title_(make_title(tr("Recent"), this)),
      recent_(makeList(tr("Recent traces"))),
      samples_title_(make_title(tr("Samples"), this)),
      samples_(makeList(tr("Sample traces"))) {
  setObjectName("startPage");
  recent_->setObjectName("recentList");
  samples_->setObjectName("sampleList");
  restore_->setObjectName("restoreSession");
  auto* icon = new QLabel(this);
  icon->setPixmap(QIcon(":/moescope.svg").pixmap(48, 48));
  auto* title = new QLabel(tr("MoEscope"), this);
  QFont font = title->font();
  font.setPointSizeF(font.pointSizeF() * 2);
  title->setFont(font);
  auto* what = new QLabel(
      tr("Open a trace, or drop files or a folder here. Several files become one trace with a "
         "track group for each rank.\n\n"
         "•  PyTorch profiler (Kineto) and Chrome traces: .json, .json.gz\n"
         "•  Nsight Systems exports: .sqlite\n"
         "•  MoEscope traces: .moetrace\n"
         "•  Expert loads: dumps and logs of SGLang, vLLM and TensorRT-LLM; .json, .csv, .npy\n"
         "•  Placement plans: files of these engines, vllm-ascend and MoEscope"),
      this);
  what->setWordWrap(true);
  auto* live = new QPushButton(tr("Try it live"), this);
  live->setObjectName("startLive");
  live->setDefault(true);
  live->setToolTip(
      tr("Serve a small MoE model on 16 ranks of this machine, watch it, and be led "
         "from drifting loads to a better plan in two minutes"));
  auto* attach = new QPushButton(tr("Attach to a cluster…"), this);
  attach->setObjectName("startAttach");
  attach->setToolTip(tr("Watch a moescope-node that runs on this or another machine"));
  auto* open = new QPushButton(tr("Open files…"), this);
  open->setObjectName("startOpen");
  auto* folder = new QPushButton(tr("Open folder…"), this);
  for (QPushButton* button : {live, attach, open, folder, restore_}) button->setMinimumHeight(32);
  auto* keys =
      new QLabel(tr("Ctrl+O opens files, Ctrl+Shift+P finds any command, ? shows all keys."), this);
  keys->setForegroundRole(QPalette::PlaceholderText);

  auto* buttons = new QHBoxLayout;
  buttons->addWidget(live);
  buttons->addWidget(open);
  buttons->addWidget(folder);
  buttons->addWidget(attach);
  buttons->addWidget(restore_);
  buttons->addStretch();
  auto* column = new QWidget(this);
  column->setMaximumWidth(820);
  auto* lines = new QVBoxLayout(column);
  lines->setSpacing(10);
  auto* head = new QHBoxLayout;
  head->addWidget(icon);
  head->addWidget(title, 1);
  lines->addLayout(head);
  lines->addWidget(what);
  lines->addLayout(buttons);
  lines->addSpacing(10);
  lines->addWidget(recent_title_);
  lines->addWidget(recent_);
  lines->addWidget(samples_title_);
  lines->addWidget(samples_);
  lines->addWidget(keys);
  lines->addStretch(1);
  auto* whole = new QHBoxLayout(this);
  whole->setContentsMargins(24, 32, 24, 24);
  whole->addStretch(1);
  whole->addWidget(column, 6);
  whole->addStretch(1);

  connect(live, &QPushButton::clicked, this, &StartPage::liveRequested);
  connect(attach, &QPushButton::clicked, this, &StartPage::attachRequested);
  connect(open, &QPushButton::clicked, this, &StartPage::openRequested);
  connect(folder, &QPushButton::clicked, this, &StartPage::openFolderRequested);
  connect(restore_, &QPushButton::clicked, this, &StartPage::restoreRequested);
  addRecentActions();
  setRecent({});
  setSamples({});
  setLastSession({});
}

QListWidget* StartPage::makeList(const QString& name) {
  auto* list = new QListWidget(this);
  list->setAccessibleName(name);
  list->setUniformItemSizes(true);
  list->setAlternatingRowColors(true);
  list->setTextElideMode(Qt::ElideMiddle);
  list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  connect(list, &QListWidget::itemActivated, this, [this](const QListWidgetItem* item) {
    Q_EMIT filesRequested(item->data(kFilesRole).toStringList());
  });
  return list;
}

void StartPage::addRecentActions() {
  recent_->setContextMenuPolicy(Qt::ActionsContextMenu);
  auto* pin = new QAction(tr("Pin"), recent_);
  connect(recent_, &QListWidget::currentItemChanged, pin, [this, pin] {
    const auto* item = recent_->currentItem();
    pin->setText(item != nullptr && item->data(kPinnedRole).toBool() ? tr("Unpin") : tr("Pin"));
  });
  pin->setToolTip(tr("A pinned entry stays at the top of the recent list"));
  auto* remove = new QAction(tr("Remove from the list"), recent_);
  remove->setShortcut(QKeySequence::Delete);
  remove->setShortcutContext(Qt::WidgetShortcut);
  recent_->addActions({pin, remove});
  connect(pin, &QAction::triggered, this, [this] {
    if (const auto* item = recent_->currentItem())
      Q_EMIT pinRequested(item->data(kFilesRole).toStringList(), !item->data(kPinnedRole).toBool());
  });
  connect(remove, &QAction::triggered, this, [this] {
    if (const auto* item = recent_->currentItem())
      Q_EMIT removeRequested(item->data(kFilesRole).toStringList());
  });
}

void StartPage::fill(QListWidget* list, const QList<Entry>& entries) {
  list->clear();
  for (const Entry& entry : entries) {
    QString text = entry.pinned ? QStringLiteral("★ ") + entry.label : entry.label;
    if (entry.missing) text += tr("  - missing");
    auto* item = new QListWidgetItem(text, list);
    item->setToolTip(entry.tip.isEmpty() ? entry.files.join(QLatin1Char('\n')) : entry.tip);
    item->setData(kFilesRole, entry.files);
    item->setData(kPinnedRole, entry.pinned);
    item->setSizeHint({0, list->fontMetrics().height() + kRowPadding});
    if (entry.missing) item->setForeground(palette().color(QPalette::PlaceholderText));
  }
  // As tall as its entries: empty space below them would look like missing content.
  const int row = list->fontMetrics().height() + kRowPadding;
  list->setFixedHeight(row * static_cast<int>(std::min<qsizetype>(entries.size(), kShownRows)) +
                       2 * list->frameWidth());
}

void StartPage::setRecent(const QList<Entry>& entries) {
  fill(recent_, entries);
  recent_title_->setVisible(!entries.isEmpty());
  recent_->setVisible(!entries.isEmpty());
}

void StartPage::setSamples(const QList<Entry>& entries) {
  fill(samples_, entries);
  samples_title_->setVisible(!entries.isEmpty());
  samples_->setVisible(!entries.isEmpty());
}

void StartPage::setLastSession(const QStringList& files) {
  restore_->setVisible(!files.isEmpty());
  restore_->setToolTip(files.join(QLatin1Char('\n')));
}

}  // namespace moescope
