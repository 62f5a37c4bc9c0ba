// What docs/ui-style.md says of words, held against every translatable text of the window's
// sources.
#include <gmock/gmock.h>

#include <QDirIterator>
#include <QFile>
#include <QRegularExpression>

namespace moescope {
namespace {

struct Text {
  QString file, text;
};

/// The string literals of every tr(...) in `source`, those that stand together joined.
QStringList translated(const QString& source) {
  static const QRegularExpression call(
      QStringLiteral(R"re(\btr\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+))re"));
  static const QRegularExpression literal(QStringLiteral(R"re("((?:[^"\\]|\\.)*)")re"));
  QStringList texts;
  for (auto calls = call.globalMatch(source); calls.hasNext();) {
    QString text;
    for (auto parts = literal.globalMatch(calls.next().captured(1)); parts.hasNext();)
      text += parts.next().captured(1);
    texts << text;
  }
  return texts;
}

std::vector<Text> window_texts() {
  std::vector<Text> texts;
  for (const char* room : {"views", "app/window"}) {
    const QString root = QStringLiteral(MOESCOPE_SOURCE_DIR "/") + room;
    for (QDirIterator files(root, {"*.cpp", "*.h"}, QDir::Files, QDirIterator::Subdirectories);
         files.hasNext();) {
      QFile file(files.next());
      if (!file.open(QIODevice::ReadOnly)) continue;
      for (const QString& text : translated(QString::fromUtf8(file.readAll())))
        texts.push_back({QString(file.fileName()).remove(root + '/'), text});
    }
  }
  return texts;
}

void expect_none(const char* pattern, const QStringList& allowed = {}) {
  const QRegularExpression wrong{QString::fromUtf8(pattern)};
  for (const Text& text : window_texts()) {
    QString rest = text.text;
    for (const QString& good : allowed) rest.remove(good);
    EXPECT_FALSE(wrong.match(rest).hasMatch())
        << text.file.toStdString() << ": \"" << text.text.toStdString() << "\"";
  }
}

TEST(WindowWords, TheTextsAreFound) {
  EXPECT_GT(window_texts().size(), 500U);
  EXPECT_THAT(translated(R"re(f(tr("one " "two"), tr( "say \"x\"" )))re"),
              testing::ElementsAre("one two", R"re(say \"x\")re"));
}

TEST(WindowWords, NoFlagOfTheCommandLineIsNamed) {
  expect_none("--[a-z]",
              {"--expert-balancedness-report-mode", "--enable-expert-distribution-metrics",
               "--eplb-config"});  // SGLang's and vLLM's own
}

TEST(WindowWords, PluralsAreWrittenOut) {
  expect_none(R"(\w\(s\))");
}

TEST(WindowWords, PerIsNotWrittenAsAnArticle) {
  expect_none(
      R"(\b(experts|copies|tokens|slots|nodes|memory|room|bytes|pixels|workers|spans|steps)\s(a|an)\s)"
      R"((GPU|layer|token|second|point|expert|replica|rank|node|slot)\b)");
  expect_none(
      R"(\b(Experts|Copies|Tokens|Slots|Nodes|Memory|Room|Bytes|Pixels|Workers|Spans|Steps)\s(a|an)\s)"
      R"((GPU|layer|token|second|point|expert|replica|rank|node|slot)\b)");
}

TEST(WindowWords, MessagesDoNotShout) {
  expect_none("[a-z.]!");
}

TEST(WindowWords, AnEllipsisIsOneCharacter) {
  expect_none(R"(\.\.\.)");
}

}  // namespace
}  // namespace moescope
