// Tab goes through the fields of a view in the order in which they are read.
#include <gtest/gtest.h>

#include <QWidget>

#include "views/cluster/cluster_view.h"
#include "views/plan/plan_view.h"
#include "views/requests/requests_view.h"
#include "views/rules/rules_panel.h"
#include "views/workspace/workspace.h"

namespace moescope {
namespace {

/// Those of `names` in the order of the focus chain from `view`, which is its window.
QStringList in_tab_order(QWidget& view, const QStringList& names) {
  QStringList found;
  QWidget* at = &view;
  do {
    if (names.contains(at->objectName())) found << at->objectName();
    at = at->nextInFocusChain();
  } while (at != &view);
  return found;
}

TEST(TabOrder, OfTheClusterIsFromTopToBottom) {
  ClusterView view;
  const QStringList fields{"clusterStop",    "clusterRate",  "clusterPeriod", "clusterCommWorkers",
                           "clusterOverlap", "clusterRanks", "clusterLog"};
  EXPECT_EQ(in_tab_order(view, fields), fields);
}

TEST(TabOrder, OfRequestsIsTargetsThenTable) {
  TraceDocument document;
  Selection selection;
  RequestsView view(document, selection);
  const QStringList fields{"targetTTFT", "targetTPOT", "requestsTable"};
  EXPECT_EQ(in_tab_order(view, fields), fields);
}

TEST(TabOrder, OfRulesEndsWithApplying) {
  TraceDocument document;
  RulesPanel view(document);
  const QStringList fields{"rulesTable", "applyRulesAtOnce", "applyRules"};
  EXPECT_EQ(in_tab_order(view, fields), fields);
  EXPECT_EQ(view.findChild<QWidget*>("applyRules")->nextInFocusChain(), &view);
}

TEST(TabOrder, OfThePlanIsBarStripBoard) {
  Workspace workspace;
  PlanView view(workspace.plan(), workspace.selection());
  const QStringList fields{"planLayer", "planScope", "planFind", "layerStrip", "planBoard"};
  EXPECT_EQ(in_tab_order(view, fields), fields);
}

}  // namespace
}  // namespace moescope
