// A recording of a live view that fails midway: its file is taken away while the node runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "core/trace/file/moetrace.h"
#include "core/trace/file/moetrace_writer.h"
#include "tests/support/fake_node.h"
#include "tests/support/temp_folder.h"

namespace moescope {
namespace {

using test::eventually;
using testing::HasSubstr;
using testing::IsEmpty;

class FailedRecording : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(eventually([&] { return !publisher.viewers().empty(); }));
    send(10);
    ASSERT_TRUE(eventually([&] { return std::filesystem::exists(file); }));
  }
  void send(std::size_t spans) {
    recorder.spans(spans);
    sent += spans;
  }
  /// Spans are sent until the writer has noticed: it commits twice a second.
  bool reported() {
    return eventually([&] {
      send(1);
      return !source->snapshot()->recording_error.empty();
    });
  }

  std::size_t sent = 0;
  test::TempFolder folder;
  const std::filesystem::path file = folder / "live.moetrace";
  Publisher publisher;
  test::FakeControl control;
  test::FakeRecorder recorder{publisher};
  std::optional<LiveSource> source{
      std::in_place,
      std::make_shared<ClusterClient>("in process", in_process_transport(control, publisher)),
      LiveOptions{.recording = file}};
};

TEST_F(FailedRecording, IsReportedAndTheViewGoesOn) {
  EXPECT_THAT(source->snapshot()->recording_error, IsEmpty());
  std::filesystem::remove(file);
  ASSERT_TRUE(reported());
  EXPECT_THAT(source->snapshot()->recording_error, HasSubstr("live.moetrace"));
  EXPECT_EQ(source->state(), LiveState::Live);
  send(25);
  EXPECT_TRUE(eventually([&] { return source->snapshot()->trace->span_count() == sent; }));
  source->stop();
  EXPECT_THAT(source->snapshot()->recording_error, HasSubstr("live.moetrace"));
  EXPECT_FALSE(std::filesystem::exists(file)) << "nothing is written to where it was";
}

TEST_F(FailedRecording, LeavesTheFileOfWhoeverTookItsPlace) {
  const auto other = folder / "other.moetrace";
  {
    MoetraceWriter writer(other);
    Progress progress;
    writer.finish(progress);
  }
  std::filesystem::rename(other, file);
  ASSERT_TRUE(reported());
  EXPECT_EQ(open_moetrace(file)->span_count(), 0U) << "read with the log of the recording";
  source.reset();
  EXPECT_EQ(open_moetrace(file)->span_count(), 0U);
}

}  // namespace
}  // namespace moescope
