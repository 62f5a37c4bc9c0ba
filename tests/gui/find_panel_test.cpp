// Finding spans by name, also in a file that is damaged after it was opened.
#include "views/find/find_panel.h"

#include <gmock/gmock.h>

#include <QAbstractItemModelTester>
#include <fstream>

#include "core/trace/file/moetrace.h"
#include "tests/gui/wait_for.h"
#include "tests/support/temp_folder.h"
#include "tests/support/trace_maker.h"

namespace moescope {
namespace {

using test::wait_for;

constexpr int kPairs = 20'000;

/// Pairs of kernels in turn on one stream, 100 ns apart, so many that they fill several chunks.
TracePtr pairs() {
  std::vector<test::MadeSpan> spans;
  for (int i = 0; i < kPairs; ++i) {
    spans.push_back({"flash_attn_fwd", i * TimeNs{200}, 50});
    spans.push_back({"grouped_gemm", i * TimeNs{200} + 100, 50});
  }
  return test::make_trace(spans);
}

class FindPanelTest : public testing::Test {
 protected:
  void SetUp() override {
    panel.resize(500, 300);
    panel.show();
  }
  /// The trace in a file: pieces are read when they are looked at.
  void openFile() {
    Progress progress;
    write_moetrace(*pairs(), file, progress);
    show(open_moetrace(file));
  }
  void show(const TracePtr& trace) {
    selection.reset(trace->range());
    document.setTrace(trace, {"made"});
  }
  /// Everything behind the first pages becomes nonsense, in place.
  void damage() const {
    const auto size = std::filesystem::file_size(file);
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(16384);
    bytes << std::string(size - 16384, '\xee');
  }
  QString said() const { return panel.findChild<QLabel*>("findEmpty")->text(); }
  int rows() const { return panel.model().rowCount(); }

  test::TempFolder folder;
  const std::filesystem::path file = folder / "a.moetrace";
  TraceDocument document;
  Selection selection;
  FindPanel panel{document, selection};
};

TEST_F(FindPanelTest, listsWhatItFindsAndStepsThroughIt) {
  show(pairs());
  const QAbstractItemModelTester tester(panel.findChild<QTableView*>("findTable")->model(),
                                        QAbstractItemModelTester::FailureReportingMode::Fatal);
  panel.setText("GEMM");
  ASSERT_TRUE(wait_for([&] { return rows() == kPairs; }));
  panel.next();
  EXPECT_EQ(selection.currentSpan(), (SpanRef{0, 1}));
  panel.previous();
  EXPECT_EQ(selection.currentSpan(), (SpanRef{0, 2 * kPairs - 1})) << "from the first to the last";
  panel.setText("no such name");
  ASSERT_TRUE(wait_for([&] { return rows() == 0; }));
  EXPECT_TRUE(said().contains("No span")) << said().toStdString();
  panel.setText("");
  EXPECT_TRUE(wait_for([&] { return said().startsWith("Write a part"); }));
}

TEST_F(FindPanelTest, whatItFindsIsToldUntilSomebodyClearsIt) {
  show(pairs());
  panel.setText("gemm");
  ASSERT_TRUE(wait_for([&] { return rows() == kPairs; }));
  EXPECT_EQ(panel.countText(), "20,000 found");
  ASSERT_TRUE(selection.found());
  EXPECT_TRUE(selection.found()->matches(document.trace()->span({0, 1}).name));
  EXPECT_FALSE(selection.found()->matches(document.trace()->span({0, 0}).name));
  int cleared = 0;
  QObject::connect(&panel, &FindPanel::cleared, [&] { ++cleared; });
  panel.next();
  EXPECT_TRUE(selection.clearSelection()) << "the span first";
  EXPECT_TRUE(selection.found());
  EXPECT_TRUE(selection.clearSelection()) << "then what was found";
  EXPECT_FALSE(selection.found());
  EXPECT_EQ(cleared, 1);
  EXPECT_EQ(rows(), 0);
  EXPECT_TRUE(said().startsWith("Write a part"));
  EXPECT_FALSE(selection.clearSelection());
  panel.setText("no such name");
  ASSERT_TRUE(wait_for([&] { return said().contains("No span"); }));
  EXPECT_FALSE(selection.found()) << "nothing would be bright";
}

TEST_F(FindPanelTest, anotherTraceIsSearchedForTheSameName) {
  show(pairs());
  panel.setText("gemm");
  ASSERT_TRUE(wait_for([&] { return rows() == kPairs; }));
  show(test::make_trace({{"softmax", 0, 10}, {"my_gemm", 20, 10}}));
  ASSERT_TRUE(wait_for([&] { return rows() == 1; }));
  EXPECT_TRUE(selection.found());
}

TEST_F(FindPanelTest, aDamagedFileIsReportedInsteadOfAList) {
  openFile();
  damage();
  panel.setText("gemm");
  ASSERT_TRUE(wait_for([&] { return said().contains("a.moetrace"); })) << said().toStdString();
  EXPECT_EQ(rows(), 0);
  EXPECT_FALSE(selection.currentSpan().valid());
  panel.next();
  EXPECT_FALSE(selection.currentSpan().valid());
}

TEST_F(FindPanelTest, whatWasFoundBeforeTheDamageStaysReadable) {
  openFile();
  panel.setText("gemm");
  ASSERT_TRUE(wait_for([&] { return rows() == kPairs; }));
  damage();
  std::filesystem::remove(file);
  const FindModel& model = panel.model();
  for (const int row : {0, kPairs / 2, kPairs - 1}) {
    EXPECT_EQ(model.index(row, FindModel::Name).data().toString(), "grouped_gemm");
    EXPECT_EQ(model.index(row, FindModel::Duration).data().toString(), "50 ns");
  }
  panel.next();
  panel.next();
  EXPECT_EQ(selection.currentSpan(), (SpanRef{0, 3}));
  EXPECT_LE(selection.range().begin, 300);
}

}  // namespace
}  // namespace moescope
