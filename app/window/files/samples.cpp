#include "app/window/files/samples.h"

#include <QCoreApplication>
#include <QDir>

namespace moescope {
namespace {

QString label_of(const QString& name) {
  const auto tr = [](const char* text) { return QCoreApplication::translate("Samples", text); };
  if (name == "prefill") return tr("Prefill: recorded with the embedded runtime, 16 CPU ranks");
  if (name == "decode") return tr("Decode: recorded with the embedded runtime, 16 CPU ranks");
  if (name == "plan-change")
    return tr("A plan change while serving: recorded with the embedded runtime, 8 CPU ranks");
  return name;
}

}  // namespace

QList<Sample> find_samples() {
  const QDir program(QCoreApplication::applicationDirPath());
  for (const char* place : {"sample-traces", "../sample-traces", "../../sample-traces",
                            "../../../sample-traces", "../share/moescope/sample-traces"}) {
    const QDir folder(program.filePath(QString::fromLatin1(place)));
    QList<Sample> samples;
    for (const QFileInfo& file : folder.entryInfoList({"*.moetrace"}, QDir::Files, QDir::Name))
      samples << Sample{{file.canonicalFilePath()}, label_of(file.completeBaseName())};
    QStringList ranks;
    for (const QFileInfo& file :
         folder.entryInfoList({"rank*.json", "rank*.json.gz"}, QDir::Files, QDir::Name))
      ranks << file.canonicalFilePath();
    if (!ranks.isEmpty())
      samples << Sample{ranks, QCoreApplication::translate("Samples",
                                                           "%1 ranks of a made-up "
                                                           "MoE decode")
                                   .arg(ranks.size())};
    if (!samples.isEmpty()) return samples;
  }
  return {};
}

}  // namespace moescope
