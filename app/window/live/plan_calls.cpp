#include "app/window/live/plan_calls.h"

#include <utility>

#include "core/error.h"

namespace moescope {

PlanCalls::PlanCalls(QObject* parent) : QObject(parent) {
  connect(&job_, &JobRunner::failed, this, &PlanCalls::fail);
}

PlanCalls::~PlanCalls() {
  if (unwanted_) *unwanted_ = true;
}

void PlanCalls::setNode(std::shared_ptr<ClusterClient> client) {
  client_ = std::move(client);
  effect_job_.abandon();
  abandon();
  job_.abandon();
  if (machine_.busy())
    fail(tr("The runtime was left while its plan changed: attach to it to see the outcome."));
}

void PlanCalls::fail(const QString& message) {
  if (machine_.fail(message.toStdString())) Q_EMIT failed(message);
}

void PlanCalls::abandon() {
  if (machine_.abandon()) *unwanted_ = true;
}

void PlanCalls::run(Call call, void (PlanCalls::*done)(const PlanOutcome&)) {
  unwanted_ = std::make_shared<std::atomic<bool>>(false);
  const PlanListener listener = [this, unwanted = unwanted_](const NodePlanChange& change) {
    QMetaObject::invokeMethod(
        this,
        [this, unwanted, change] {
          // Ignored when the call was abandoned in the meantime.
          if (unwanted == unwanted_ && machine_.progress(change)) Q_EMIT progressed(change);
        },
        Qt::QueuedConnection);
    return !*unwanted;
  };
  job_.start(
      tr("Changing the plan"),
      [client = client_, call = std::move(call), listener](Progress&) {
        return call(*client, listener);
      },
      [this, done](const PlanOutcome& outcome) {
        if (machine_.answer(outcome)) Q_EMIT(this->*done)(outcome);
      });
}

void PlanCalls::check(const std::string& plan_json) {
  if (!client_ || !machine_.check()) return;
  run(
      [plan_json](ClusterClient& client, const PlanListener& listener) {
        return client.apply({.plan_json = plan_json, .name = {}, .base_epoch = {}, .dry_run = true},
                            listener);
      },
      &PlanCalls::checked);
}

void PlanCalls::apply(const std::string& plan_json, const QString& name,
                      std::optional<std::uint64_t> epoch) {
  if (!client_ || !machine_.apply()) return;
  run(
      [plan_json, epoch, name = name.toStdString()](ClusterClient& client,
                                                    const PlanListener& listener) {
        return client.apply(
            {.plan_json = plan_json, .name = name, .base_epoch = epoch, .dry_run = false},
            listener);
      },
      &PlanCalls::ended);
}

void PlanCalls::rollBack() {
  if (!client_ || !machine_.roll_back()) return;
  run(
      [this](ClusterClient& client, const PlanListener&) {
        QMetaObject::invokeMethod(
            this,
            [this, plan = client.status(true).previous_plan_json] { Q_EMIT rollBackBegins(plan); },
            Qt::QueuedConnection);
        return client.rollback();
      },
      &PlanCalls::ended);
}

void PlanCalls::reportEffect(quint64 ticket, const PlanEffect& effect) {
  if (!client_) return;
  effect_job_.start(
      tr("Reporting the effect of the plan"),
      [client = client_, ticket, effect](Progress&) {
        try {
          client->report_effect(ticket, effect);
        } catch (const Error&) {
          // The node may have dropped the change; this window shows the figures anyway.
        }
        return true;
      },
      [](bool) {});
}

}  // namespace moescope
