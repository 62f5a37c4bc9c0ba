#include "app/window/files/samples.h"

#include <QCoreApplication>
#include <QDir>

namespace moescope {
namespace {

QString translated(const char* text) {
  return QCoreApplication::translate("Samples", text);
}

Sample sample_of(const QFileInfo& file) {
  const QStringList files{file.canonicalFilePath()};
  const QString name = file.completeBaseName();
  if (name == "prefill")
    return {files, translated("Prefill, 16 ranks"),
            translated("How two micro-batches hide dispatch and combine, and what stays exposed. "
                       "Recorded with the embedded runtime on CPU ranks.")};
  if (name == "decode")
    return {files, translated("Decode, 16 ranks"),
            translated("Short steps: which rank the others wait for, and which experts are "
                       "hot. Recorded with the embedded runtime on CPU ranks.")};
  if (name == "plan-change")
    return {files, translated("A plan change while serving, 8 ranks"),
            translated("Imbalance and step time before and after 16 redundant experts. Recorded "
                       "with the embedded runtime on CPU ranks.")};
  return {files, name, {}};
}

}  // namespace

QList<Sample> find_samples() {
  const QDir program(QCoreApplication::applicationDirPath());
  for (const char* place : {"sample-traces", "../sample-traces", "../../sample-traces",
                            "../../../sample-traces", "../share/moescope/sample-traces"}) {
    const QDir folder(program.filePath(QString::fromLatin1(place)));
    QList<Sample> samples;
    for (const QFileInfo& file : folder.entryInfoList({"*.moetrace"}, QDir::Files, QDir::Name))
      samples << sample_of(file);
    QStringList ranks;
    for (const QFileInfo& file :
         folder.entryInfoList({"rank*.json", "rank*.json.gz"}, QDir::Files, QDir::Name))
      ranks << file.canonicalFilePath();
    if (!ranks.isEmpty())
      samples << Sample{
          ranks, translated("%1 ranks of a made-up MoE decode").arg(ranks.size()),
          translated("Several files of one run as one trace. Made up, not recorded.")};
    if (!samples.isEmpty()) return samples;
  }
  return {};
}

}  // namespace moescope
