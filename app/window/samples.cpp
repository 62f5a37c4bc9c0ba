#include "app/window/samples.h"

#include <QCoreApplication>
#include <QDir>

namespace moescope {

QList<Sample> find_samples() {
  const QDir program(QCoreApplication::applicationDirPath());
  for (const char* place : {"sample-traces", "../sample-traces", "../../sample-traces",
                            "../../../sample-traces", "../share/moescope/sample-traces"}) {
    const QDir folder(program.filePath(QString::fromLatin1(place)));
    QList<Sample> samples;
    for (const QFileInfo& file : folder.entryInfoList({"*.moetrace"}, QDir::Files, QDir::Name))
      samples << Sample{{file.canonicalFilePath()}, file.completeBaseName()};
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
