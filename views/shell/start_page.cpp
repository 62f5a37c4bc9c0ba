#include "views/shell/start_page.h"

#include <QAction>
#include <QHBoxLayout>
#include <QVBoxLayout>

#include "views/common/action.h"
#include "views/common/tool_icon.h"

namespace moescope {
namespace {

constexpr int kWidth = 1040;         // px of the page at most
constexpr double kTitleScale = 1.6;  // of the size of text
constexpr int kIcon = 36;            // px

}  // namespace

StartPage::StartPage(QWidget* parent)
    : QWidget(parent),
      drop_(new DropArea(this)),
      recent_(new EntryList(tr("Recent traces"), this)),
      samples_(new EntryList(tr("Sample traces"), this)) {
  setObjectName("startPage");
  recent_->setObjectName("recentList");
  samples_->setObjectName("sampleList");
  fillDropArea();
  auto* column = new QWidget(this);
  column->setMaximumWidth(kWidth);
  auto* lines = new QVBoxLayout(column);
  lines->setContentsMargins(0, 0, 0, 0);
  lines->setSpacing(14);
  lines->addWidget(makeHead());
  lines->addWidget(drop_);
  lines->addWidget(makeStarts());
  lines->addWidget(makeLists(), 1);
  auto* whole = new QHBoxLayout(this);
  whole->setContentsMargins(24, 16, 24, 16);
  whole->addStretch(1);
  whole->addWidget(column, 20);
  whole->addStretch(1);
  for (EntryList* list : {recent_, samples_})
    connect(list, &EntryList::filesRequested, this, &StartPage::filesRequested);
  sizeTitles();
  addRecentActions();
  setRecent({});
  setSamples({});
  setLastSession({});
}

QLabel* StartPage::makeTitle(const QString& text, double scale, QWidget* parent) {
  auto* label = new QLabel(text, parent);
  titles_.emplace_back(label, scale);
  return label;
}

QWidget* StartPage::underTitle(const QString& title, QWidget* content, QWidget* parent) {
  auto* part = new QWidget(parent);
  auto* lines = new QVBoxLayout(part);
  lines->setContentsMargins(0, 0, 0, 0);
  lines->setSpacing(4);
  lines->addWidget(makeTitle(title, 1, part));
  lines->addWidget(content, 1);
  lines->addStretch(0);
  return part;
}

void StartPage::sizeTitles() {
  for (const auto& [label, scale] : titles_) {
    QFont large = font();
    large.setBold(true);
    large.setPointSizeF(large.pointSizeF() * scale);
    label->setFont(large);
  }
}

void StartPage::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::FontChange) sizeTitles();
}

QWidget* StartPage::makeHead() {
  auto* head = new QWidget(this);
  auto* icon = new QLabel(head);
  icon->setPixmap(QIcon(":/moescope.svg").pixmap(kIcon, kIcon));
  auto* what = new QLabel(tr("How much communication is exposed, which SMs it takes, which experts "
                             "are hot, and what another placement would do."),
                          head);
  what->setWordWrap(true);
  auto* line = new QHBoxLayout(head);
  line->setContentsMargins(0, 0, 0, 0);
  line->setSpacing(12);
  line->addWidget(icon);
  line->addWidget(makeTitle(tr("MoEscope"), kTitleScale, head));
  line->addWidget(what, 1);
  return head;
}

void StartPage::fillDropArea() {
  auto* what = new QLabel(
      tr("PyTorch profiler and Chrome traces (.json, .json.gz), Nsight Systems exports (.sqlite), "
         ".moetrace. Expert loads: dumps and logs of SGLang, vLLM and TensorRT-LLM (.pt, .json, "
         ".csv, .npy). Placement plans of these engines and vllm-ascend. Several files of one run "
         "become one trace with a group of tracks per rank."),
      drop_);
  what->setWordWrap(true);
  what->setAlignment(Qt::AlignCenter);
  what->setForegroundRole(QPalette::PlaceholderText);
  auto* title = makeTitle(tr("Drop a trace, expert loads or a plan here"), 1.2, drop_);
  title->setAlignment(Qt::AlignCenter);
  auto* buttons = new QHBoxLayout;
  buttons->addStretch(1);
  auto* open = addButton(*buttons, "startOpen", tr("Open files…"),
                         tr("Choose files to open (Ctrl+O)"), &StartPage::openRequested);
  open->setIcon(tool_icon("document-open"));
  setFocusProxy(open);
  addButton(*buttons, "startFolder", tr("Open folder…"),
            tr("Open all traces of a folder as one, or a folder of load dumps"),
            &StartPage::openFolderRequested)
      ->setIcon(tool_icon("document-open-folder"));
  restore_ = addButton(*buttons, "restoreSession", tr("Restore last session"), {},
                       &StartPage::restoreRequested);
  buttons->addStretch(1);
  auto* lines = new QVBoxLayout(drop_);
  lines->setContentsMargins(20, 16, 20, 16);
  lines->setSpacing(10);
  lines->addWidget(title);
  lines->addLayout(buttons);
  lines->addWidget(what);
}

QWidget* StartPage::makeStarts() {
  auto* starts = new QWidget(this);
  auto* line = new QHBoxLayout(starts);
  line->setContentsMargins(0, 0, 0, 0);
  auto* live = addButton(*line, "startLive", tr("Try it live"),
                         tr("Serve a small MoE model on 16 ranks of this machine, watch it, and be "
                            "led from drifting loads to a better plan in two minutes"),
                         &StartPage::liveRequested);
  live->setIcon(tool_icon("media-record"));
  live->setDefault(true);
  addButton(*line, "startAttach", tr("Attach to a cluster…"),
            tr("Watch a moescope-node that runs on this or another machine"),
            &StartPage::attachRequested)
      ->setIcon(tool_icon("network-connect"));
  auto* keys = new QLabel(tr("Ctrl+Shift+P finds any command, ? shows all keys."), starts);
  keys->setForegroundRole(QPalette::PlaceholderText);
  line->addStretch(1);
  line->addWidget(keys);
  return starts;
}

QWidget* StartPage::makeLists() {
  auto* lists = new QWidget(this);
  samples_part_ = underTitle(tr("Start with a recording"), samples_, lists);
  recent_part_ = underTitle(tr("Recent"), recent_, lists);
  auto* line = new QHBoxLayout(lists);
  line->setContentsMargins(0, 0, 0, 0);
  line->setSpacing(16);
  line->addWidget(recent_part_, 1);
  line->addWidget(samples_part_, 1);
  return lists;
}

QPushButton* StartPage::addButton(QLayout& line, const QString& name, const QString& text,
                                  const QString& tip, void (StartPage::*clicked)()) {
  auto* button = new QPushButton(text, this);
  button->setObjectName(name);
  button->setToolTip(tip);
  button->setMinimumHeight(32);
  line.addWidget(button);
  connect(button, &QPushButton::clicked, this, clicked);
  return button;
}

void StartPage::addRecentActions() {
  recent_->setContextMenuPolicy(Qt::ActionsContextMenu);
  QAction* pin =
      add_command(recent_, {}, tr("Pin"), tr("A pinned entry stays at the top of the recent list"));
  connect(recent_, &QListWidget::currentItemChanged, pin,
          [this, pin] { pin->setText(recent_->currentPinned() ? tr("Unpin") : tr("Pin")); });
  connect(pin, &QAction::triggered, this, [this] {
    if (recent_->currentItem() != nullptr)
      Q_EMIT pinRequested(recent_->currentFiles(), !recent_->currentPinned());
  });
  QAction* remove = add_command(recent_, {}, tr("Remove from the list"),
                                tr("Forget this entry; the files stay"), {QKeySequence::Delete});
  connect(remove, &QAction::triggered, this, [this] {
    if (recent_->currentItem() != nullptr) Q_EMIT removeRequested(recent_->currentFiles());
  });
}

void StartPage::setRecent(const QList<Entry>& entries) {
  recent_->setEntries(entries);
  recent_part_->setVisible(!entries.isEmpty());
}

void StartPage::setSamples(const QList<Entry>& entries) {
  samples_->setEntries(entries);
  samples_part_->setVisible(!entries.isEmpty());
}

void StartPage::setLastSession(const QStringList& files) {
  restore_->setVisible(!files.isEmpty());
  restore_->setToolTip(files.join(QLatin1Char('\n')));
}

}  // namespace moescope
