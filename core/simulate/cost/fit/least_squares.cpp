#include "core/simulate/cost/fit/least_squares.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_multifit_nlinear.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <memory>

namespace moescope {
namespace {

constexpr std::size_t kMaxSteps = 80;
constexpr double kTolerance = 1e-7;

struct Problem {
  const std::function<void(std::span<const double>, std::span<double>)>& residuals;
  std::span<const double> least, most;
  double outlier;
  const Progress& progress;
  std::vector<double> constants, values;
  std::exception_ptr failed;  ///< nothing may be thrown through GSL
};

void constants_of(const gsl_vector* logs, Problem& p) {
  for (std::size_t i = 0; i < p.constants.size(); ++i)
    p.constants[i] = std::clamp(std::exp(gsl_vector_get(logs, i)), p.least[i], p.most[i]);
}

int evaluate(const gsl_vector* logs, void* data, gsl_vector* out) {
  auto& p = *static_cast<Problem*>(data);
  try {
    p.progress.check();
    constants_of(logs, p);
    p.residuals(p.constants, p.values);
  } catch (...) {
    p.failed = std::current_exception();
    return GSL_EBADFUNC;
  }
  for (std::size_t i = 0; i < p.values.size(); ++i) {
    const double z = p.values[i] / p.outlier;
    const double bent = p.outlier * std::sqrt(2 * (std::sqrt(1 + z * z) - 1));
    gsl_vector_set(out, i, std::copysign(std::isfinite(bent) ? bent : 1e6, z));
  }
  return GSL_SUCCESS;
}

}  // namespace

LeastSquares least_squares(
    const std::function<void(std::span<const double>, std::span<double>)>& residuals,
    std::size_t count, std::span<const double> start, std::span<const double> least,
    std::span<const double> most, double outlier, const Progress& progress) {
  Problem problem{residuals,
                  least,
                  most,
                  outlier,
                  progress,
                  std::vector<double>(start.size()),
                  std::vector<double>(count),
                  nullptr};
  static const auto quiet = gsl_set_error_handler_off();
  static_cast<void>(quiet);
  const std::unique_ptr<gsl_vector, decltype(&gsl_vector_free)> logs(gsl_vector_alloc(start.size()),
                                                                     gsl_vector_free);
  for (std::size_t i = 0; i < start.size(); ++i) gsl_vector_set(logs.get(), i, std::log(start[i]));
  auto parameters = gsl_multifit_nlinear_default_parameters();
  parameters.trs = gsl_multifit_nlinear_trs_lmaccel;
  parameters.h_df = 1e-5;
  const std::unique_ptr<gsl_multifit_nlinear_workspace, decltype(&gsl_multifit_nlinear_free)> work(
      gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &parameters, count, start.size()),
      gsl_multifit_nlinear_free);
  gsl_multifit_nlinear_fdf functions{};
  functions.f = evaluate;
  functions.n = count;
  functions.p = start.size();
  functions.params = &problem;
  gsl_multifit_nlinear_init(logs.get(), &functions, work.get());
  int info = 0;
  // Stopping for lack of progress or steps leaves the best constants so far, which is what is
  // wanted.
  gsl_multifit_nlinear_driver(kMaxSteps, kTolerance, kTolerance, kTolerance, nullptr, nullptr,
                              &info, work.get());
  if (problem.failed) std::rethrow_exception(problem.failed);
  constants_of(gsl_multifit_nlinear_position(work.get()), problem);
  const auto* bent = gsl_multifit_nlinear_residual(work.get());
  LeastSquares result{problem.constants, 0};
  for (std::size_t i = 0; i < count; ++i)
    result.cost += 0.5 * gsl_vector_get(bent, i) * gsl_vector_get(bent, i);
  return result;
}

}  // namespace moescope
