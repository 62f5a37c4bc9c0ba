// The tables of a comparison of plans.
#include "views/plan/compare/compare_models.h"

#include <gtest/gtest.h>

#include <QAbstractItemModelTester>

namespace moescope {
namespace {

constexpr auto kFatal = QAbstractItemModelTester::FailureReportingMode::Fatal;

/// 24 KiB an expert, two units.
CompareLayer layer(int id, std::optional<double> before, std::optional<double> after,
                   std::int64_t copies) {
  return {id, before, after, 1.0, 3, {.copies = copies, .units = 2, .expert_bytes = 24 * 1024.0}};
}

QString cell(const QAbstractItemModel& model, int row, int column) {
  return model.index(row, column).data().toString();
}

TEST(CompareLayersModel, keepsTheRulesOfModelsAndShowsChangesWithTheirSign) {
  CompareLayersModel model;
  const QAbstractItemModelTester tester(&model, kFatal);
  EXPECT_EQ(model.rowCount(), 0);
  model.show({layer(3, 1.5, 1.25, 4), layer(4, 1.0, 1.125, 0), layer(5, {}, {}, 0)});
  ASSERT_EQ(model.rowCount(), 3);
  EXPECT_EQ(cell(model, 0, CompareLayersModel::Layer), "3");
  EXPECT_EQ(cell(model, 0, CompareLayersModel::Before), "1.5000");
  EXPECT_EQ(cell(model, 0, CompareLayersModel::Change), "-0.2500");
  EXPECT_EQ(cell(model, 0, CompareLayersModel::Copies), "8") << "4 in each of two units";
  EXPECT_EQ(cell(model, 0, CompareLayersModel::Bytes), "192 KiB");
  EXPECT_EQ(cell(model, 1, CompareLayersModel::Change), "+0.1250");
  EXPECT_EQ(cell(model, 2, CompareLayersModel::Change), QString::fromUtf8("–"));
  const auto colour = [&](int row) {
    return model.index(row, CompareLayersModel::Change).data(Qt::ForegroundRole);
  };
  EXPECT_TRUE(colour(0).isValid()) << "what got better is marked";
  EXPECT_TRUE(colour(1).isValid()) << "what got worse is marked";
  EXPECT_NE(colour(0), colour(1));
  EXPECT_FALSE(colour(2).isValid());
  model.show({layer(3, 1.5, 1.25, 4)});
  EXPECT_EQ(model.rowCount(), 1);
  EXPECT_EQ(model.rowCount(model.index(0, 0)), 0);
  model.show({});
  EXPECT_EQ(model.rowCount(), 0);
}

TEST(CompareCopiesModel, keepsTheRulesOfModels) {
  CompareCopiesModel model;
  const QAbstractItemModelTester tester(&model, kFatal);
  model.show({{7, 12, 3, {0, 5}}, {9, 13, 3, {}}});
  ASSERT_EQ(model.rowCount(), 2);
  EXPECT_EQ(cell(model, 0, CompareCopiesModel::Expert), "7");
  EXPECT_EQ(cell(model, 0, CompareCopiesModel::Slot), "12");
  EXPECT_EQ(cell(model, 0, CompareCopiesModel::Gpu), "3");
  EXPECT_EQ(cell(model, 0, CompareCopiesModel::From), "0 5");
  EXPECT_EQ(cell(model, 1, CompareCopiesModel::From), "");
  model.show({});
  EXPECT_EQ(model.rowCount(), 0);
}

}  // namespace
}  // namespace moescope
