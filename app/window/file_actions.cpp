#include "app/window/file_actions.h"

#include <QFileDialog>
#include <QFileInfo>

#include "views/common/action.h"
#include "views/common/destructive_action.h"

namespace moescope {
namespace {
constexpr std::size_t kMenuEntries = 12;
}

FileActions::FileActions(TraceDocument& document, LoadDocument& loads, Loader& loader,
                         Session& session, QWidget* window)
    : QObject(window),
      document_(document),
      loads_(loads),
      loader_(loader),
      session_(session),
      window_(window),
      open_(make_action(this, "file.open", tr("&Open…"),
                        tr("Open trace files, several become one trace; or expert loads and logs"),
                        {QKeySequence::Open})),
      folder_(make_action(
          this, "file.open_folder", tr("Open &folder…"),
          tr("Open all trace files of a folder as one trace, or a folder of load dumps"),
          {QKeySequence("Ctrl+Shift+O")})),
      save_(make_action(this, "file.save_as", tr("&Save as .moetrace…"),
                        tr("Write the open trace to a MoEscope trace file"),
                        {QKeySequence("Ctrl+S")})),
      close_(make_action(this, "file.close", tr("&Close trace and loads"),
                         tr("Close the trace, loads and logs and show the start page"),
                         {QKeySequence("Ctrl+W")})),
      quit_(make_action(this, "file.quit", tr("&Quit"), tr("Close the window"),
                        {QKeySequence("Ctrl+Q")})) {
  for (QAction* action : {close_, quit_}) mark_destructive(action);
  connect(open_, &QAction::triggered, this, &FileActions::chooseFiles);
  connect(folder_, &QAction::triggered, this, &FileActions::chooseFolder);
  connect(save_, &QAction::triggered, this, &FileActions::chooseSaveName);
  connect(close_, &QAction::triggered, &loader_, &Loader::close);
  connect(quit_, &QAction::triggered, window_, &QWidget::close);
  const auto refresh = [this] {
    save_->setEnabled(document_.trace() != nullptr);
    close_->setEnabled(document_.trace() != nullptr || !loads_.empty());
  };
  connect(&document_, &TraceDocument::traceChanged, this, refresh);
  connect(&loads_, &LoadDocument::loadsChanged, this, refresh);
  connect(&loads_, &LoadDocument::logsChanged, this, refresh);
  refresh();
}

void FileActions::addRecent(QMenu& file) {
  recent_ = file.addMenu(tr("Open &recent"));
  connect(&session_, &Session::recentChanged, this, &FileActions::fillRecent);
  fillRecent();
}

void FileActions::fillRecent() {
  recent_->clear();
  const auto entries = session_.recent();
  for (std::size_t i = 0; i < std::min(entries.size(), kMenuEntries); ++i) {
    const RecentEntry& entry = entries[i];
    const bool missing = entry.missing();
    QAction* action = recent_->addAction((entry.pinned ? QStringLiteral("★ ") : QString()) +
                                         entry.label().replace("&", "&&") +
                                         (missing ? tr("  - missing") : QString()));
    action->setToolTip(entry.files.join(QLatin1Char('\n')));
    action->setEnabled(!missing);
    connect(
        action, &QAction::triggered, this, [this, files = entry.files] { loader_.open(files); },
        Qt::QueuedConnection);
  }
  recent_->setEnabled(!entries.empty());
  recent_->addSeparator();
  QAction* clear = mark_destructive(recent_->addAction(tr("&Clear recent files")));
  clear->setToolTip(tr("Forget all recent files that are not pinned"));
  connect(clear, &QAction::triggered, &session_, &Session::clearRecent, Qt::QueuedConnection);
}

void FileActions::chooseFiles() {
  loader_.open(QFileDialog::getOpenFileNames(
      window_, tr("Open traces or expert loads"), {},
      tr("Traces and loads (*.json *.gz *.sqlite *.moetrace *.jsonl *.pt *.safetensors *.csv "
         "*.npy *.log);;All files (*)")));
}

void FileActions::chooseFolder() {
  const QString folder =
      QFileDialog::getExistingDirectory(window_, tr("Open a folder of traces or load dumps"));
  if (!folder.isEmpty()) loader_.open({folder});
}

void FileActions::chooseSaveName() {
  QString file = QFileDialog::getSaveFileName(window_, tr("Save trace"), "trace.moetrace",
                                              tr("MoEscope trace (*.moetrace)"));
  if (file.isEmpty()) return;
  if (QFileInfo(file).suffix().isEmpty()) file += ".moetrace";
  loader_.save(file);
}

}  // namespace moescope
