// From layer to layer, by number and by keys.
#include "views/workspace/layer_navigator.h"

#include <gmock/gmock.h>

#include <QSignalSpy>

#include "tests/gui/wait_for.h"
#include "tests/support/trace_maker.h"

namespace moescope {
namespace {

using testing::HasSubstr;

/// Layers 0 and 1, twice; each of 100 ns.
TracePtr two_passes() {
  std::vector<test::MadeSpan> spans;
  std::uint32_t id = 1;
  for (const TimeNs pass : {0, 1000})
    for (const int layer : {0, 1}) {
      const TimeNs at = pass + 200 * layer;
      spans.push_back({"layer " + std::to_string(layer), at, 50, 1, SpanKind::Annotation});
      spans.push_back({"cudaLaunchKernel", at + 5, 5, 1, SpanKind::Runtime, id});
      spans.push_back({"gemm", at + 20, 100, 7, SpanKind::Kernel, id++});
    }
  return test::make_trace(std::move(spans));
}

struct Layers : testing::Test {
  void open(const TracePtr& trace) {
    selection.reset(trace->range());
    document.setTrace(trace, {"a.json"});
    document.setAnalysis(analyze_document(*trace, RuleSet::built_in()));
  }
  void settle() {
    ASSERT_TRUE(test::wait_for([this] { return !layers.busy(); }));
  }
  TraceDocument document;
  Selection selection;
  LayerNavigator layers{document, selection};
  QSignalSpy missed{&layers, &LayerNavigator::missed};
};

TEST_F(Layers, ANumberGoesToTheNextRunOfTheLayerAndAround) {
  open(two_passes());
  layers.goTo(1);
  settle();
  EXPECT_EQ(selection.range(), (TimeRange{210, 330})) << "the layer, and a tenth to each side";
  layers.goTo(1);
  EXPECT_EQ(selection.range(), (TimeRange{1200, 1320})) << "moved to the end of the trace";
  layers.goTo(1);
  EXPECT_EQ(selection.range(), (TimeRange{210, 330}));
  layers.goTo(4);
  ASSERT_EQ(missed.size(), 1);
  EXPECT_THAT(missed[0][0].toString().toStdString(), HasSubstr("no layer 4"));
}

TEST_F(Layers, NextAndPreviousFollowTheOrderOfTime) {
  open(two_passes());
  layers.goTo(1);
  settle();
  layers.move(1);
  EXPECT_EQ(selection.range(), (TimeRange{1010, 1130}));
  layers.move(-1);
  EXPECT_EQ(selection.range(), (TimeRange{210, 330}));
  layers.move(-1);
  layers.move(-1);
  EXPECT_EQ(selection.range(), (TimeRange{10, 130})) << "the first one stays";
  selection.setRange({500, 900});
  layers.move(1);
  EXPECT_EQ(selection.range(), (TimeRange{1010, 1130})) << "from what is visible";
}

TEST_F(Layers, ATraceWithoutLayersSaysSo) {
  layers.goTo(0);
  EXPECT_EQ(missed.size(), 1);
  open(test::make_trace({{"gemm", 0, 100}}));
  layers.goTo(0);
  settle();
  ASSERT_EQ(missed.size(), 2);
  EXPECT_THAT(missed[1][0].toString().toStdString(), HasSubstr("names no layers"));
}

}  // namespace
}  // namespace moescope
