// A part for GPUs as another build would have it.
#include "worker/trainer/device.h"

extern "C" const bw::trainer::CudaPart* batchwright_cuda_part() {
    static const bw::trainer::CudaPart part{
        .version = bw::trainer::kCudaPartVersion,
        .commit = "c0ffee",
        .torch_version = "1.13",
        .create = nullptr};
    return &part;
}
