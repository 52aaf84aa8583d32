// The one symbol of libbatchwright_cuda.so.
#include <string>

#include "base/version.h"
#include "worker/cuda/cuda_accelerator.h"
#include "worker/trainer/device.h"

namespace {

bw::trainer::Accelerator* create() { return new bw::cuda::CudaAccelerator; }

}  // namespace

extern "C" __attribute__((visibility("default"))) const bw::trainer::CudaPart*
batchwright_cuda_part() {
    static const std::string commit(bw::commit()), torch_version(bw::torch_version());
    static const bw::trainer::CudaPart part{
        .version = bw::trainer::kCudaPartVersion,
        .commit = commit.c_str(),
        .torch_version = torch_version.c_str(),
        .create = create};
    return &part;
}
