#include "core/query/saved_queries.h"

namespace moescope {
namespace {

constexpr SavedQuery kQueries[] = {
    {"Kernels by total time", "Where the time of the GPUs goes, by name and class.",
     "SELECT name, class, count(*) AS runs, sum(dur) / 1e6 AS total_ms, avg(dur) / 1e3 AS mean_us\n"
     "FROM spans WHERE kind = 'kernel' GROUP BY name ORDER BY total_ms DESC LIMIT 50"},
    {"Time by class", "How much of the kernel time is attention, experts, dispatch and so on.",
     "SELECT class, count(*) AS runs, sum(dur) / 1e6 AS total_ms\n"
     "FROM spans WHERE kind IN ('kernel', 'memcpy', 'memset') GROUP BY class ORDER BY total_ms "
     "DESC"},
    {"Communication kernels by rank", "Which rank communicates longest, and how much is waiting.",
     "SELECT process, rank, class, sum(dur) / 1e6 AS total_ms,\n"
     "       sum(CASE WHEN waits THEN dur ELSE 0 END) / 1e6 AS waiting_ms\n"
     "FROM spans WHERE class IN ('dispatch', 'combine', 'communication')\n"
     "GROUP BY process, class ORDER BY total_ms DESC"},
    {"Longest communication", "The single kernels that communicate longest; click to see them.",
     "SELECT span, track, process, start, dur / 1e3 AS us, class, name\n"
     "FROM spans WHERE class IN ('dispatch', 'combine', 'communication')\n"
     "ORDER BY dur DESC LIMIT 50"},
    {"Exposed communication by kernel",
     "For every communication kernel the time in which its device computes nothing, longest first.",
     "WITH c AS (SELECT process, device, start, \"end\" AS stop FROM spans\n"
     "           WHERE kind = 'kernel' AND class NOT IN ('dispatch', 'combine', "
     "'communication')),\n"
     "     m AS (SELECT process, device, start, max(stop) AS stop FROM (\n"
     "             SELECT process, device, start, stop,\n"
     "                    sum(begins) OVER (PARTITION BY process, device ORDER BY start, stop) AS "
     "island\n"
     "             FROM (SELECT *, CASE WHEN start > ifnull(max(stop) OVER (PARTITION BY process, "
     "device\n"
     "                     ORDER BY start, stop ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), "
     "-1)\n"
     "                     THEN 1 ELSE 0 END AS begins FROM c))\n"
     "           GROUP BY process, device, island)\n"
     "SELECT s.name, s.class, count(*) AS runs, sum(s.dur - ifnull((SELECT sum(min(m.stop, "
     "s.\"end\") -\n"
     "         max(m.start, s.start)) FROM m WHERE m.process = s.process AND m.device = s.device "
     "AND\n"
     "         m.start < s.\"end\" AND m.stop > s.start), 0)) / 1e6 AS exposed_ms\n"
     "FROM spans s WHERE s.class IN ('dispatch', 'combine', 'communication')\n"
     "GROUP BY s.name ORDER BY exposed_ms DESC"},
    {"Slowest rank per step",
     "Needs annotations such as ProfilerStep#7: the rank whose step takes longest.",
     "SELECT name AS step, process, max(dur) / 1e6 AS ms\n"
     "FROM spans WHERE kind = 'annotation' AND name LIKE '%step%' GROUP BY name ORDER BY start"},
    {"Steps of the embedded runtime", "Time, tokens and requests of every forward pass.",
     "SELECT span, track, name, start, dur / 1e6 AS ms, json_extract(args, '$.step') AS step,\n"
     "       json_extract(args, '$.tokens') AS tokens, json_extract(args, '$.requests') AS "
     "requests\n"
     "FROM spans WHERE name IN ('prefill step', 'decode step') ORDER BY start"},
    {"Requests of the embedded runtime", "TTFT and TPOT of every request that was done.",
     "SELECT json_extract(args, '$.request') AS request, json_extract(args, '$.prompt') AS "
     "prompt,\n"
     "       json_extract(args, '$.output') AS output, json_extract(args, '$.ttft_ns') / 1e6 AS "
     "ttft_ms,\n"
     "       json_extract(args, '$.tpot_ns') / 1e6 AS tpot_ms\n"
     "FROM spans WHERE name = 'request done' ORDER BY start"},
    {"Idle gaps of a stream", "The longest gaps between kernels of one stream.",
     "SELECT span, track, start, gap / 1e3 AS gap_us, name FROM (\n"
     "  SELECT span, track, start, name, start - lag(\"end\") OVER (PARTITION BY track ORDER BY "
     "start) AS gap\n"
     "  FROM spans WHERE kind = 'kernel') WHERE gap > 0 ORDER BY gap DESC LIMIT 50"},
    {"Launch delay",
     "Time from the host call to the start of its kernel: long when the GPU is behind, short when "
     "the host is.",
     "SELECT k.span, k.track, k.name, (k.start - r.start) / 1e3 AS delay_us\n"
     "FROM spans k JOIN spans r ON r.correlation = k.correlation AND r.process = k.process\n"
     "WHERE k.kind = 'kernel' AND r.kind = 'runtime' AND k.correlation <> 0\n"
     "ORDER BY delay_us DESC LIMIT 50"},
    {"Copies by size", "Memory copies and fills, with their bytes where the trace has them.",
     "SELECT name, count(*) AS runs, sum(dur) / 1e6 AS total_ms,\n"
     "       sum(json_extract(args, '$.bytes')) / 1048576.0 AS mib\n"
     "FROM spans WHERE kind IN ('memcpy', 'memset') GROUP BY name ORDER BY total_ms DESC"},
    {"Grids of kernels", "How many blocks kernels launch: those below the SM count leave SMs free.",
     "SELECT grid_x * grid_y * grid_z AS blocks, class, count(*) AS runs, sum(dur) / 1e6 AS "
     "total_ms\n"
     "FROM spans WHERE kind = 'kernel' AND grid_x IS NOT NULL GROUP BY blocks, class\n"
     "ORDER BY total_ms DESC LIMIT 50"},
    {"Registers and shared memory", "What limits how many blocks share an SM.",
     "SELECT name, registers, shared_memory, block_x * block_y * block_z AS threads, count(*) AS "
     "runs\n"
     "FROM spans WHERE kind = 'kernel' AND registers > 0\n"
     "GROUP BY name, registers, shared_memory ORDER BY registers DESC LIMIT 50"},
    {"Streams", "What runs on every track, and when.",
     "SELECT path, type, spans, first_start / 1e6 AS first_ms, last_end / 1e6 AS last_ms\n"
     "FROM tracks ORDER BY spans DESC"},
    {"Devices", "GPUs of every process, with their SM count.",
     "SELECT p.label, d.device, d.name, d.sm_count FROM devices d JOIN processes p USING "
     "(process)"},
    {"Hottest experts",
     "Needs loads: the experts with the most tokens, and their share of their layer.",
     "SELECT layer, expert, sum(tokens) AS tokens,\n"
     "       100.0 * sum(tokens) / sum(sum(tokens)) OVER (PARTITION BY layer) AS share_pct\n"
     "FROM loads WHERE space = 'logical' GROUP BY layer, expert ORDER BY share_pct DESC LIMIT 50"},
    {"Imbalance of experts over time",
     "Needs loads: maximum over mean of the experts, by window, mean over layers.",
     "SELECT begin_ns / 1e6 AS begin_ms, avg(imbalance) AS imbalance FROM (\n"
     "  SELECT begin_ns, layer, max(tokens) * count(*) * 1.0 / sum(tokens) AS imbalance FROM (\n"
     "    SELECT begin_ns, layer, expert, sum(tokens) AS tokens FROM loads WHERE space = "
     "'logical'\n"
     "    GROUP BY begin_ns, layer, expert) GROUP BY begin_ns, layer HAVING sum(tokens) > 0)\n"
     "GROUP BY begin_ns ORDER BY begin_ns"},
    {"Plans", "Needs a recording: which plans were in force, and since when.",
     "SELECT time / 1e6 AS ms, name, length(json) AS bytes FROM plans ORDER BY time"},
    {"What was lost", "Records that the recorder could not keep.",
     "SELECT kind, process, begin_ns / 1e6 AS begin_ms, end_ns / 1e6 AS end_ms, count, reason\n"
     "FROM losses ORDER BY count DESC"},
    {"Counters", "Sampled quantities such as SM activity: mean, least and most.",
     "SELECT process, device, name, unit, avg(value) AS mean, min(value) AS least,\n"
     "       max(value) AS most, count(*) AS samples\n"
     "FROM samples GROUP BY process, device, name ORDER BY name"},
    {"About the trace", "Where it comes from.", "SELECT key, value FROM meta ORDER BY key"},
};

}  // namespace

std::span<const SavedQuery> saved_queries() {
  return kQueries;
}

}  // namespace moescope
