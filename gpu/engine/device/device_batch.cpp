#include "gpu/engine/device/device_batch.h"

#include <map>
#include <stdexcept>

#include "gpu/engine/placement/placement.h"

namespace moescope::runtime {
namespace {

template <typename T>
void send(Queue& queue, T* to, const std::vector<T>& values) {
  queue.upload(to, values.data(), values.size() * sizeof(T));
}

}  // namespace

DeviceBatch::DeviceBatch(Memory& memory, const ModelConfig& config, const UnitOptions& options)
    : config_(config), most_rows_(options.max_tokens) {
  const auto rows = static_cast<std::size_t>(most_rows_);
  const auto layers = static_cast<std::size_t>(config.moe_layers());
  most_pages_ = rows * static_cast<std::size_t>(PageBook::pages_for(options.max_positions));
  tokens_ = memory.array<std::int32_t>(rows);
  positions_ = memory.array<std::int32_t>(rows);
  first_page_ = memory.array<std::int32_t>(rows);
  pages_ = memory.array<std::int32_t>(most_pages_);
  sampled_ = memory.array<std::int32_t>(rows);
  replicas_ = memory.array<std::int32_t>(rows);
  routes_ = memory.array<std::int32_t>(layers * rows * static_cast<std::size_t>(config.top_k));
  keys_ = memory.array<std::uint64_t>(layers * rows);
}

void DeviceBatch::set(Queue& queue, const MicroBatch& batch) {
  if (batch.size() > most_rows_)
    throw std::length_error("more rows than a micro-batch has room for");
  for (const int token : batch.tokens)
    if (token < 0 || token >= config_.vocab)
      throw std::out_of_range("token outside the vocabulary");
  view_ = {batch.size(), positions_, pages_, first_page_};
  send(queue, tokens_, std::vector<std::int32_t>(batch.tokens.begin(), batch.tokens.end()));
  sampled_rows_ = static_cast<int>(batch.sampled.size());
  send(queue, sampled_, std::vector<std::int32_t>(batch.sampled.begin(), batch.sampled.end()));
  named_replicas_ = !batch.replicas.empty();
  send(queue, replicas_, std::vector<std::int32_t>(batch.replicas.begin(), batch.replicas.end()));
  set_pages(queue, batch);
  set_keys(queue, batch);
  set_routes(queue, batch);
}

/// Rows of a sequence share its list of pages.
void DeviceBatch::set_pages(Queue& queue, const MicroBatch& batch) {
  std::vector<std::int32_t> positions, first, pages;
  std::map<const KvSequence*, std::int32_t> begin;
  for (const TokenRow& row : batch.rows) {
    const auto [place, fresh] =
        begin.try_emplace(row.sequence, static_cast<std::int32_t>(pages.size()));
    if (fresh) pages.insert(pages.end(), row.sequence->pages.begin(), row.sequence->pages.end());
    first.push_back(place->second);
    positions.push_back(row.position);
  }
  if (pages.size() > most_pages_)
    throw std::length_error("sequences with more pages than positions");
  send(queue, positions_, positions);
  send(queue, first_page_, first);
  send(queue, pages_, pages);
}

void DeviceBatch::set_keys(Queue& queue, const MicroBatch& batch) {
  std::vector<std::uint64_t> keys;
  for (int layer = config_.dense_layers; layer < config_.layers; ++layer)
    for (std::size_t row = 0; row < batch.rows.size(); ++row)
      keys.push_back(token_key(batch.requests[row], batch.rows[row].position, layer));
  send(queue, keys_, keys);
}

void DeviceBatch::set_routes(Queue& queue, const MicroBatch& batch) {
  named_routes_ = !batch.routes.empty();
  if (!named_routes_) return;
  std::vector<std::int32_t> routes;
  for (int layer = 0; layer < config_.moe_layers(); ++layer)
    for (const std::uint16_t* route : batch.routes)
      routes.insert(routes.end(), route + flat(layer, config_.top_k),
                    route + flat(layer + 1, config_.top_k));
  send(queue, routes_, routes);
}

const std::uint64_t* DeviceBatch::keys(int moe_layer) const {
  return keys_ + flat(moe_layer, view_.rows);
}

const std::int32_t* DeviceBatch::routes(int moe_layer) const {
  return named_routes_
             ? routes_ + flat(moe_layer, view_.rows) * static_cast<std::size_t>(config_.top_k)
             : nullptr;
}

}  // namespace moescope::runtime
