// Kernels of a transformer: as warps on many schedules they give the bits of a single lane, and
// every sync in their texts is needed.
#include "gpu/kernels/kernels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gpu/hw/emulator/emulate.h"
#include "gpu/kernels/run_kernel.h"
#include "gpu/model/weights.h"
#include "tests/unit/gpu/hw/edges.h"

namespace moescope::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int kRows = 5, kBlocks = 2, kWarps = 2;

std::vector<float> numbers(int rows, int width, std::uint64_t seed) {
  return SeededSource(seed).matrix("numbers", rows, width).data;
}

/// What tests whether a kernel that works on buffers `out`, with something in it before, and
/// `scratch` gives the bits of one lane.
template <typename KernelOn>
test::Works works_with(std::size_t size, const KernelOn& kernel_on) {
  const auto before = numbers(1, static_cast<int>(size), 99);
  std::vector<float> scratch(4096);
  auto expected = before;
  kernel_on(expected.data(), scratch.data())(OneLane(), Share{0, 1});
  EXPECT_NE(expected, before);
  return [=](const hw::Emulation& emulation) {
    auto found = before;
    std::vector<float> own(4096);
    const auto kernel = kernel_on(found.data(), own.data());
    hw::emulate({kBlocks, kWarps * hw::Warp::kLanes, 0, false, 0}, emulation,
                [&] { run_kernel(kernel, {}, {}); });
    return found == expected;
  };
}

template <typename KernelOn>
void expect_right(std::size_t size, const KernelOn& kernel_on) {
  const test::Works works = works_with(size, kernel_on);
  EXPECT_THAT(test::failures(works), IsEmpty());
  EXPECT_THAT(test::unnoticed(works), IsEmpty());
}

TEST(TransformerKernels, EmbeddingsAreThoseOfTheTokens) {
  const auto table = numbers(9, 40, 1);
  const std::vector<std::int32_t> tokens = {3, 8, 0, 3, 1};
  expect_right(flat(kRows, 40), [&](float* out, float*) {
    return EmbedRows{tokens.data(), {9, 40, table.data()}, kRows, out};
  });
}

TEST(TransformerKernels, SumsHaveOneOrTwoTerms) {
  const auto a = numbers(kRows, 70, 1), b = numbers(kRows, 70, 2);
  for (const float* second : {b.data(), static_cast<const float*>(nullptr)})
    expect_right(flat(kRows, 70), [&](float* out, float*) {
      return AddRows{out, a.data(), second, kRows, 70};
    });
}

TEST(TransformerKernels, RowsAreNormalisedInPlaceAndByIndex) {
  const auto x = numbers(kRows, 40, 1), weight = numbers(1, 37, 2);
  expect_right(flat(kRows, 40), [&](float* out, float*) {
    return NormRows{out, 40, nullptr, kRows, 37, weight.data(), 1e-6, out};
  });
  const std::vector<std::int32_t> index = {4, 1};
  const auto by_index = [&](float* out, float*) {
    return NormRows{x.data(), 40, index.data(), 2, 37, weight.data(), 1e-6, out};
  };
  // Only in place the sync is needed.
  EXPECT_THAT(test::failures(works_with(flat(2, 40), by_index)), IsEmpty());
}

TEST(TransformerKernels, LinearRowsOfAnyWidth) {
  struct Shape {
    int in, out;
  };
  for (const Shape& shape : {Shape{64, 96}, {37, 33}, {5, 1}}) {
    const auto x = numbers(kRows, shape.in, 1), weight = numbers(shape.out, shape.in, 2);
    expect_right(flat(kRows, shape.out), [&](float* out, float*) {
      return LinearRows{x.data(), kRows, {shape.out, shape.in, weight.data()}, out};
    });
  }
}

TEST(TransformerKernels, MlpsOfGroupsWithoutRowsAreLeftOut) {
  constexpr int kHidden = 24, kWidth = 40;
  std::vector<std::vector<float>> weights;
  std::vector<MlpView> mlps;
  for (std::uint64_t i = 0; i < 4; ++i) {
    weights.push_back(numbers(3 * kWidth, kHidden, i));
    mlps.emplace_back(kWidth, kHidden, weights.back().data());
  }
  const std::vector<std::int32_t> offsets = {0, 0, 3, 3, kRows};
  const auto x = numbers(kRows, kHidden, 9), h = numbers(kRows, kWidth, 10);
  for (const RowGroups& groups : {RowGroups{mlps.data(), offsets.data(), 4, 0},
                                  RowGroups{mlps.data() + 2, nullptr, 1, kRows}}) {
    expect_right(flat(kRows, kWidth), [&](float* out, float*) {
      return MlpUp{groups, kHidden, kWidth, x.data(), out};
    });
    expect_right(flat(kRows, kHidden), [&](float* out, float*) {
      return MlpDown{groups, kHidden, kWidth, h.data(), out};
    });
  }
}

TEST(TransformerKernels, ClampKeepsWhatIsWithin) {
  std::vector<float> x = {-3, -0.5F, 0, 0.5F, 3};
  ClampRows{x.data(), 1, 5, 1}(OneLane(), Share{0, 1});
  EXPECT_THAT(x, ElementsAre(-1, -0.5F, 0, 0.5F, 1));
  expect_right(flat(kRows, 40), [&](float* out, float*) {
    return ClampRows{out, kRows, 40, 0.05F};
  });
}

/// Rows of two sequences in pages of four tokens.
struct Batch {
  std::vector<std::int32_t> positions = {5, 6, 7, 0, 1}, pages = {3, 1, 0}, first = {0, 0, 0, 2, 2};
  BatchView view() const { return {kRows, positions.data(), pages.data(), first.data()}; }
};

TEST(AttentionKernels, PartsOfHeadsAreRotated) {
  const Batch batch;
  const auto cos = numbers(8, 3, 1), sin = numbers(8, 3, 2);
  for (const bool interleaved : {true, false})
    expect_right(flat(kRows, 20), [&](float* out, float*) {
      return RotateRows{batch.view(), out, 20, 2, 10, 4, 3, cos.data(), sin.data(), interleaved};
    });
}

TEST(AttentionKernels, RowsAreStoredInTheirPages) {
  const Batch batch;
  const auto x = numbers(kRows, 6, 1);
  std::vector<float> cache(4 * 4 * 10);
  StoreRows{batch.view(), {cache.data(), 4, 10}, x.data(), 6, 2}(OneLane(), Share{0, 1});
  // Position 6 of the first sequence: the third token of its second page, number 1.
  EXPECT_EQ(cache[flat(1 * 4 + 2, 10) + 2], x[6]);
  expect_right(cache.size(), [&](float* out, float*) {
    return StoreRows{batch.view(), {out, 4, 10}, x.data(), 6, 2};
  });
}

TEST(AttentionKernels, LatentsAreAttendedUpToTheRowsPosition) {
  const Batch batch;
  constexpr int kHeads = 3, kRank = 12, kNope = 5, kRope = 4, kValue = 6;
  auto cache = numbers(4 * 4, kRank + kRope, 1);
  const auto q = numbers(kRows, kHeads * (kNope + kRope), 2);
  const auto kv_b = numbers(kHeads * (kNope + kValue), kRank, 3);
  expect_right(flat(kRows, kHeads * kValue), [&](float* out, float* scratch) {
    return MlaRows{batch.view(), {cache.data(), 4, kRank + kRope},
                   kHeads,       kRank,
                   kNope,        kRope,
                   kValue,       0.3F,
                   q.data(),     kv_b.data(),
                   scratch,      8,
                   out};
  });
}

TEST(AttentionKernels, HeadsShareKeysAndValues) {
  const Batch batch;
  constexpr int kHeads = 4, kKvHeads = 2, kDim = 9;
  auto cache = numbers(4 * 4, 2 * kKvHeads * kDim, 1);
  const auto q = numbers(kRows, kHeads * kDim, 2);
  expect_right(flat(kRows, kHeads * kDim), [&](float* out, float* scratch) {
    return GqaRows{batch.view(),
                   {cache.data(), 4, 2 * kKvHeads * kDim},
                   kHeads,
                   kKvHeads,
                   kDim,
                   0.3F,
                   q.data(),
                   scratch,
                   8,
                   out};
  });
}

TEST(KernelRecords, EveryBlockWritesOneAndWhatDoesNotFitIsCounted) {
  std::vector<KernelRecord> records(3);
  std::uint32_t count = 0;
  std::vector<float> x(40), a(40, 1.0F);
  KernelStamp stamp;
  stamp.launch = 7;
  hw::emulate({4, 64, 0, false, 10}, {}, [&] {
    run_kernel(AddRows{x.data(), a.data(), nullptr, 1, 40}, {records.data(), &count, 3}, stamp);
  });
  EXPECT_EQ(count, 4U);
  for (const KernelRecord& record : records) {
    EXPECT_EQ(record.stamp.launch, 7U);
    EXPECT_GE(record.sm, 10);
    EXPECT_LT(record.sm, 14);
    EXPECT_LE(record.begin, record.end);
  }
}

}  // namespace
}  // namespace moescope::runtime
