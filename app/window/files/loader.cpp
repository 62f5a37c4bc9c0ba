#include "app/window/files/loader.h"

#include <QFileInfo>
#include <algorithm>

#include "app/window/files/paths.h"
#include "core/analysis/overlap/losses.h"
#include "core/import/open.h"
#include "views/common/units.h"

namespace moescope {
namespace {

/// A trace, or the reason why the files are several runs.
struct Opened {
  TracePtr trace;
  std::shared_ptr<const SeveralRuns> several;
};

QList<QStringList> names_of(const SeveralRuns& several) {
  QList<QStringList> runs;
  for (const auto& run : several.runs()) runs << to_names(run);
  return runs;
}

QString join_names(const QStringList& files) {
  if (files.size() == 1) return QFileInfo(files.front()).fileName();
  return QObject::tr("%1 files").arg(files.size());
}

/// Whether and how the clocks of several files are aligned.
QString describe_clocks(const std::vector<ClockAlignment>& alignments) {
  const auto matched = std::count_if(alignments.begin(), alignments.end(),
                                     [](const auto& a) { return a.matched_collectives > 0; });
  const auto all = static_cast<std::ptrdiff_t>(alignments.size()) - 1;  // the first is the clock
  if (matched >= all) return QObject::tr("clocks aligned");
  return QObject::tr("%1 of %2 clocks not aligned on collectives").arg(all - matched).arg(all);
}

}  // namespace

UserMessage describe_findings(const Trace& trace) {
  const TraceInfo& info = trace.info();
  UserMessage message;
  QStringList summary, details;
  quint64 skipped = 0;
  for (const auto& [reason, count] : info.skipped) {
    skipped += count;
    details
        << QObject::tr("%1 skipped: %2").arg(format_count(count), QString::fromStdString(reason));
  }
  const auto lost = summarise(trace.losses());
  for (const LossSummary& loss : lost) details << QString::fromStdString(describe(loss, trace));
  if (!lost.empty())
    summary << QObject::tr("the recording lost something: %1")
                   .arg(QString::fromStdString(describe(lost.front(), trace)));
  if (skipped != 0)
    summary << counted(skipped, QObject::tr("event skipped"), QObject::tr("events skipped"));
  for (const std::string& warning : info.warnings) details << QString::fromStdString(warning);
  for (const ClockAlignment& alignment : info.alignments) {
    const auto file = static_cast<std::size_t>(alignment.file);
    details << QObject::tr("clock of %1: shifted by %2, residual %3 over %4 collectives (%5)")
                   .arg(file < info.files.size() ? QString::fromStdString(info.files[file])
                                                 : QString::number(alignment.file),
                        format_time(alignment.offset), format_time(alignment.residual))
                   .arg(alignment.matched_collectives)
                   .arg(QString::fromStdString(alignment.method));
  }
  if (!info.warnings.empty()) summary << QString::fromStdString(info.warnings.front());
  if (!info.alignments.empty()) summary << describe_clocks(info.alignments);
  message.level = skipped != 0 || !lost.empty() || !info.warnings.empty()
                      ? UserMessage::Level::Warning
                      : UserMessage::Level::Info;
  message.text = summary.join(QStringLiteral("; "));
  message.details = details.join(QLatin1Char('\n'));
  return message;
}

FileServices core_file_services() {
  return {
      .open =
          [](const std::vector<std::filesystem::path>& paths, OtherRuns other, Progress& progress) {
            return open_trace(paths, ImportOptions{}, progress, other);
          },
      .analyze = [](const Trace& trace, const RuleSet& rules,
                    Progress& progress) { return analyze_document(trace, rules, progress); },
      .save = [](const Trace& trace, const std::filesystem::path& path,
                 const MoetraceExtras& extras,
                 Progress& progress) { write_moetrace(trace, path, progress, extras); },
  };
}

Loader::Loader(TraceDocument& document, FileServices services, QObject* parent)
    : QObject(parent), document_(document), services_(std::move(services)) {
  for (JobRunner* job : {&load_job_, &analysis_job_, &save_job_, &complete_job_}) {
    connect(job, &JobRunner::started, this,
            [this](const QString& title) { Q_EMIT busyChanged(true, title); });
    connect(job, &JobRunner::progressed, this, &Loader::progressed);
    connect(job, &JobRunner::finished, this, [this] { Q_EMIT busyChanged(busy(), {}); });
    connect(job, &JobRunner::failed, this, [this](const QString& text) {
      Q_EMIT message({UserMessage::Level::Error, text, {}});
    });
  }
  connect(&load_job_, &JobRunner::failed, this, [this] { Q_EMIT failed(loading_); });
  connect(&load_job_, &JobRunner::cancelled, this, [this] {
    Q_EMIT message(
        {UserMessage::Level::Info, tr("Opening %1 was cancelled.").arg(join_names(loading_)), {}});
  });
  connect(&save_job_, &JobRunner::cancelled, this, [this] {
    Q_EMIT message(
        {UserMessage::Level::Info, tr("Saving was cancelled; nothing was written."), {}});
  });
  connect(&document_, &TraceDocument::rulesChanged, this, [this] {
    ++rules_number_;
    if (document_.trace()) analyze();
  });
}

void Loader::open(const QStringList& files) {
  const auto go_on = [this](const QStringList& traces) { start(traces, OtherRuns::Refused); };
  if (sorter_)
    sorter_(files, go_on);
  else
    go_on(files);
}

void Loader::start(const QStringList& files, OtherRuns other) {
  if (files.isEmpty()) return;
  loading_ = files;
  load_job_.start(
      tr("Opening %1").arg(join_names(files)),
      [open = services_.open, paths = to_paths(files), other](Progress& progress) -> Opened {
        try {
          return {open(paths, other, progress), nullptr};
        } catch (const SeveralRuns& several) {
          return {nullptr, std::make_shared<const SeveralRuns>(several)};
        }
      },
      [this, files](const Opened& result) {
        if (result.several)
          Q_EMIT severalRuns(files, names_of(*result.several),
                             QString::fromStdString(result.several->problem()));
        else
          show(result.trace, files);
      });
}

void Loader::show(const TracePtr& trace, const QStringList& files) {
  document_.setTrace(trace, files);
  Q_EMIT opened(files);
  reportFindings(*trace);
  analyze();
}

void Loader::complete(const QString& file) {
  struct Completed {
    TracePtr trace;
    AnalysisPtr analysis;
  };
  complete_job_.start(
      tr("Analysing the whole recording"),
      [open = services_.open, analyze = services_.analyze, rules = document_.rules(),
       paths = to_paths({file})](Progress& progress) {
        Completed made{open(paths, OtherRuns::Refused, progress), nullptr};
        made.analysis = analyze(*made.trace, rules, progress);
        return made;
      },
      [this, file, trace = document_.traceNumber(), rules = rules_number_](const Completed& made) {
        if (trace != document_.traceNumber()) return;
        // Both in one turn of the event loop: nothing is drawn in between.
        document_.completeTrace(made.trace, {file}, made.analysis);
        Q_EMIT opened({file});
        reportFindings(*made.trace);
        if (rules != rules_number_) analyze();
      });
}

void Loader::reportFindings(const Trace& trace) {
  UserMessage findings = describe_findings(trace);
  if (!findings.text.isEmpty()) Q_EMIT message(findings);
}

void Loader::analyze() {
  analysis_job_.start(
      tr("Analysing"),
      [analyze = services_.analyze, trace = document_.trace(),
       rules = document_.rules()](Progress& progress) { return analyze(*trace, rules, progress); },
      [this](const AnalysisPtr& results) { document_.setAnalysis(results); });
}

void Loader::save(const QString& file) {
  if (!document_.trace()) return;
  save_job_.start(
      tr("Saving %1").arg(join_names({file})),
      [save = services_.save, trace = document_.trace(),
       extras = MoetraceExtras{{}, document_.notes().notes()},
       path = std::filesystem::path(file.toStdString())](Progress& progress) {
        save(*trace, path, extras, progress);
        return true;
      },
      [this, file](bool) {
        Q_EMIT saved(file);
        Q_EMIT message({UserMessage::Level::Info, tr("Saved %1.").arg(file), {}});
      });
}

void Loader::close() {
  cancel();
  analysis_job_.abandon();
  document_.setTrace(nullptr, {});
  Q_EMIT closed();
}

void Loader::cancel() {
  load_job_.abandon();
  complete_job_.cancel();
  analysis_job_.cancel();
  save_job_.cancel();
}

bool Loader::busy() const {
  return load_job_.running() || analysis_job_.running() || save_job_.running() ||
         complete_job_.running();
}

}  // namespace moescope
