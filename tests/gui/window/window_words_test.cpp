// The rules of docs/ui-style.md for words, checked on every translatable text in the sources of the
// window, and on the messages of core, which the window shows.
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
QStringList translated(QString source) {
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

/// The string literals of `source` outside comments.
QStringList literals(QString source) {
  static const QRegularExpression comment(QStringLiteral("^\\s*//.*$"),
                                          QRegularExpression::MultilineOption);
  static const QRegularExpression literal(QStringLiteral(R"re("((?:[^"\\\n]|\\.)*)")re"));
  source.remove(comment);
  QStringList texts;
  for (auto found = literal.globalMatch(source); found.hasNext();)
    texts << found.next().captured(1);
  return texts;
}

std::vector<Text> texts_in(const QStringList& rooms, QStringList (*texts_of)(QString)) {
  std::vector<Text> texts;
  for (const QString& room : rooms) {
    const QString root = QStringLiteral(MOESCOPE_SOURCE_DIR "/") + room;
    for (QDirIterator files(root, {"*.cpp", "*.h"}, QDir::Files, QDirIterator::Subdirectories);
         files.hasNext();) {
      QFile file(files.next());
      if (!file.open(QIODevice::ReadOnly)) continue;
      for (const QString& text : texts_of(QString::fromUtf8(file.readAll())))
        texts.push_back({QString(file.fileName()).remove(root + '/'), text});
    }
  }
  return texts;
}

std::vector<Text> window_texts() {
  return texts_in({"views", "app/window"}, translated);
}

void expect_none(const char* pattern, const std::vector<Text>& texts,
                 const QStringList& allowed = {}) {
  const QRegularExpression wrong{QString::fromUtf8(pattern)};
  for (const Text& text : texts) {
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

/// Flags of other programs, which are theirs in the window too.
const QStringList kFlagsOfOthers = {"--expert-balancedness-report-mode",
                                    "--enable-expert-distribution-metrics",
                                    "--eplb-config",
                                    "--enable-return-routed-experts",
                                    "--enable-metrics",
                                    "--init-expert-location",
                                    "nsys export --type",
                                    "--cuda-graph-trace",
                                    "moescope-node --listen"};

TEST(WindowWords, NoFlagOfTheCommandLineIsNamed) {
  expect_none("--[a-z]", window_texts(), kFlagsOfOthers);
}

/// What an Error of core says reaches the window; its options, a literal of their own, do not.
/// Launch lines of engines, in files named _form, are not MoEscope's; commands that are there to be
/// copied are shown as what they are. moescope-agent says what it has to say on its terminal.
TEST(WindowWords, MessagesOfCoreNameNoFlag) {
  static const QRegularExpression options(
      QStringLiteral("^(moescope [a-z ]+)?--[a-z-]+( or --[a-z-]+|,? [a-z]+|, --[a-z-]+)*$"));
  std::vector<Text> messages = texts_in({"core"}, literals);
  EXPECT_GT(messages.size(), 2000U);
  std::erase_if(messages, [](const Text& text) {
    return text.file.contains("_form") || text.file.contains("advised_command") ||
           text.file.startsWith("agent/") || options.match(text.text).hasMatch();
  });
  expect_none("--[a-z]", messages, kFlagsOfOthers);
}

TEST(WindowWords, PluralsAreWrittenOut) {
  expect_none(R"(\w\(s\))", window_texts());
}

TEST(WindowWords, PerIsNotWrittenAsAnArticle) {
  expect_none(
      R"(\b(experts|copies|tokens|slots|nodes|memory|room|bytes|pixels|workers|spans|steps)\s(a|an)\s)"
      R"((GPU|layer|token|second|point|expert|replica|rank|node|slot)\b)",
      window_texts());
  expect_none(
      R"(\b(Experts|Copies|Tokens|Slots|Nodes|Memory|Room|Bytes|Pixels|Workers|Spans|Steps)\s(a|an)\s)"
      R"((GPU|layer|token|second|point|expert|replica|rank|node|slot)\b)",
      window_texts());
}

TEST(WindowWords, MessagesDoNotShout) {
  expect_none("[a-z.]!", window_texts());
}

TEST(WindowWords, AnEllipsisIsOneCharacter) {
  expect_none(R"(\.\.\.)", window_texts());
}

}  // namespace
}  // namespace moescope
