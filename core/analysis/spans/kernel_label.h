// Names of kernels as people say them: C++ signatures without template arguments and parameters.
#pragma once

#include <string>
#include <string_view>

namespace moescope {

/// What a kernel is called everywhere, on lanes, in tables and sentences: the function, and in
/// parentheses what a generic kernel was made for, as "vectorized_elementwise_kernel
/// (FillFunctor)"; of CUTLASS's launchers what they launch, as "flash::FlashAttnBwd". Names that
/// are no C++ signature stay as they are. Different kernels may have the same label.
std::string kernel_label(std::string_view name);

/// By which kernels of two traces are matched: the label with the namespaces of the function,
/// "dpsk::ep::internode::dispatch". The same for the spellings of the PyTorch profiler
/// ("<true, 64>") and of Nsight ("<(bool)1, (int)64>") and for builds with other template
/// arguments.
std::string kernel_key(std::string_view name);

}  // namespace moescope
