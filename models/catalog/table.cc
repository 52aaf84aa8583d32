#include "models/catalog/table.h"

#include <array>

namespace bw::models {
namespace {

struct Input {
    int channels = 3;  // native
    int resolution = 224;
    int least = 1;  // resolution
    int multiple = 1;
    bool only = false;  // the native resolution and no other
    int channels_fixed = 0;
};

/// A line of the table: counts of ten classes at the native input, BatchNorm layers, the input,
/// other names.
constexpr ModelInfo net(
    std::string_view name,
    std::int64_t parameters,
    std::int64_t macs,
    int batch_norm_layers,
    const Input& input = {},
    std::span<const std::string_view> aliases = {}
) {
    return {
        .name = name,
        .aliases = aliases,
        .parameters = parameters,
        .macs = macs,
        .channels = input.channels,
        .resolution = input.resolution,
        .resolution_min = input.least,
        .resolution_multiple = input.multiple,
        .fixed_resolution = input.only,
        .channels_fixed = input.channels_fixed,
        .batch_norm_layers = batch_norm_layers,
    };
}

// The seed's names, and those of the libraries whose networks these are.
constexpr std::string_view kAlexnetGroupedAliases[] = {"alexnet_lrn_grouped"};
constexpr std::string_view kDarknet53Aliases[] = {"darknet"};
constexpr std::string_view kDensenet100BcAliases[] = {"densenet100"};
constexpr std::string_view kDensenet40Aliases[] = {"densenet"};
constexpr std::string_view kEfficientnetv2Aliases[] = {"efficientnet_v2_s"};
constexpr std::string_view kInceptionv3Aliases[] = {"inception_v3"};
constexpr std::string_view kMobilenetv2Aliases[] = {"mobilenet_v2"};
constexpr std::string_view kResnet18Aliases[] = {"resnet"};
constexpr std::string_view kResnext2916x64dAliases[] = {"resnext29_16x64d_paper"};
constexpr std::string_view kResnext298x64dAliases[] = {"resnext29_8x64d_paper"};
constexpr std::string_view kResnext5032x4dAliases[] = {"resnext"};
constexpr std::string_view kSeresnet18Aliases[] = {"se_resnet18", "senet"};
constexpr std::string_view kShufflenetAliases[] = {"shufflenetv1_g2"};
constexpr std::string_view kShufflenetV2X10Aliases[] = {"shufflenetv2"};
constexpr std::string_view kSqueezenetAliases[] = {"squeezenet1_1"};
constexpr std::string_view kVgg11Aliases[] = {"vggnet"};

// The least resolution is what the convolutions and pools can take; networks of patches take whole
// patches. lenet_bn's first linear layer holds 16 channels of 4 x 4, which only 28 pixels give;
// inceptionv3_aux's head needs a 17 x 17 grid.
constexpr std::array kModels = {
    net("alexnet", 58'322'314, 1'131'201'056, 0, {.least = 61}),
    net("alexnet_grouped", 56'909'194, 720'351'776, 0, {.least = 61}, kAlexnetGroupedAliases),
    net("alexnet_tv", 57'044'810, 710'133'440, 0, {.least = 63}),
    net("cnn", 29'034, 2'838'080, 2, {.channels = 1, .resolution = 28, .least = 4}),
    net("darknet53", 40'595'178, 7'108'143'104, 52, {}, kDarknet53Aliases),
    net("darknet53_timm", 40'595'178, 7'108'143'104, 52),
    net("densenet100_bc", 769'162, 14'108'390'748, 99, {.least = 4}, kDensenet100BcAliases),
    net("densenet121", 6'964'106, 2'833'147'904, 121, {.least = 29}),
    net("densenet161", 26'494'090, 7'725'721'152, 161, {.least = 29}),
    net("densenet169", 12'501'130, 3'358'195'968, 169, {.least = 29}),
    net("densenet201", 18'112'138, 4'289'465'088, 201, {.least = 29}),
    net("densenet40", 176'122, 3'545'838'888, 39, {.least = 4}, kDensenet40Aliases),
    net("densenet40_bc", 176'122, 3'545'838'888, 39, {.least = 4}),
    net("efficientnet_b0", 4'020'358, 384'547'552, 49),
    net("efficientnet_b1", 6'525'994, 568'384'480, 69),
    net("efficientnet_b2", 7'715'084, 657'569'520, 69),
    net("efficientnet_b3", 10'711'602, 961'187'600, 78),
    net("efficientnet_b4", 17'566'546, 1'501'936'352, 96),
    net("efficientnet_b5", 28'361'274, 2'354'465'664, 116),
    net("efficientnet_b6", 40'758'754, 3'357'885'888, 134),
    net("efficientnet_b7", 63'812'570, 5'167'330'752, 163),
    net("efficientnet_v2_l", 117'247'082, 12'229'921'344, 217),
    net("efficientnet_v2_m", 52'871'166, 5'360'940'000, 157),
    net("efficientnetb0", 4'020'358, 384'547'552, 49),
    net("efficientnetb0_seed", 4'020'358, 384'547'552, 49),
    net("efficientnetb1", 6'525'994, 568'384'480, 69),
    net("efficientnetb1_seed", 6'525'994, 568'384'480, 69),
    net("efficientnetb2", 7'715'084, 657'569'520, 69),
    net("efficientnetb2_seed", 7'668'492, 655'360'496, 69),
    net("efficientnetb3", 10'711'602, 961'187'600, 78),
    net("efficientnetb3_seed", 10'610'226, 956'368'144, 78),
    net("efficientnetb4", 17'566'546, 1'501'936'352, 96),
    net("efficientnetb4_seed", 17'331'026, 1'490'691'808, 96),
    net("efficientnetb5", 28'361'274, 2'354'465'664, 116),
    net("efficientnetb5_seed", 27'958'842, 2'335'190'400, 116),
    net("efficientnetb6", 40'758'754, 3'357'885'888, 134),
    net("efficientnetb6_seed", 40'156'642, 3'328'974'272, 134),
    net("efficientnetb7", 63'812'570, 5'167'330'752, 163),
    net("efficientnetb7_seed", 62'978'010, 5'127'177'152, 163),
    net("efficientnetv2", 20'190'298, 2'848'628'672, 110, {}, kEfficientnetv2Aliases),
    net("efficientnetv2_seed", 20'328'762, 2'869'507'008, 112),
    net("gmlp", 2'807'298, 618'973'696, 0, {.least = 16, .multiple = 16}),
    net("gmlp_b16_224", 72'567'522, 15'719'945'216, 0, {.least = 16, .multiple = 16}),
    net("gmlp_s16_224", 19'168'226, 4'391'807'488, 0, {.least = 16, .multiple = 16}),
    net("gmlp_ti16_224", 5'739'618, 1'328'862'464, 0, {.least = 16, .multiple = 16}),
    net("googlenet", 5'983'802, 1'581'658'112, 0),
    net("googlenet_aux", 10'334'030, 1'581'658'112, 0),
    net("googlenet_bn", 5'610'154, 1'497'362'432, 57, {.least = 15}),
    net("googlenet_bn_aux", 9'960'638, 1'497'362'432, 59, {.least = 15}),
    net("inceptionv3",
        21'806'058,
        5'711'188'576,
        94,
        {.resolution = 299, .least = 75},
        kInceptionv3Aliases),
    net("inceptionv3_aux", 24'371'444, 5'711'188'576, 96, {.resolution = 299, .least = 299}),
    net("inceptionv3_seed", 22'133'738, 208'683'882'496, 94, {.least = 9}),
    net("legacy_seresnet101", 47'298'362, 7'572'910'080, 104, {.least = 3}),
    net("legacy_seresnet152", 64'793'338, 11'286'966'272, 155, {.least = 3}),
    net("legacy_seresnet18", 11'270'722, 1'813'653'504, 20, {.least = 3}),
    net("legacy_seresnet34", 21'450'998, 3'663'411'712, 36, {.least = 3}),
    net("legacy_seresnet50", 26'059'514, 3'858'460'672, 53, {.least = 3}),
    net("legacy_xception", 20'827'442, 8'355'375'976, 40, {.resolution = 299, .least = 7}),
    net("lenet_bn",
        44'642,
        281'640,
        4,
        {.channels = 1, .resolution = 28, .least = 28, .only = true, .channels_fixed = 1}),
    net("lenet_bn_bias",
        44'878,
        281'640,
        4,
        {.channels = 1, .resolution = 28, .least = 28, .only = true, .channels_fixed = 1}),
    net("mixer_b16", 59'119'162, 12'601'007'616, 0, {.least = 16, .multiple = 16}),
    net("mixer_b16_224", 59'119'162, 12'601'007'616, 0, {.least = 16, .multiple = 16}),
    net("mixer_b32_224", 59'532'118, 3'236'961'792, 0, {.least = 32, .multiple = 32}),
    net("mixer_l16_224", 207'181'418, 44'546'664'448, 0, {.least = 16, .multiple = 16}),
    net("mixer_l32_224", 205'924'514, 11'252'279'296, 0, {.least = 32, .multiple = 32}),
    net("mixer_mini", 3'311'498, 229'640'704, 0, {.resolution = 64, .least = 8, .multiple = 8}),
    net("mixer_s16", 18'020'394, 3'776'451'584, 0, {.least = 16, .multiple = 16}),
    net("mixer_s16_224", 18'020'394, 3'776'451'584, 0, {.least = 16, .multiple = 16}),
    net("mixer_s32_224", 18'596'754, 1'001'919'488, 0, {.least = 32, .multiple = 32}),
    net("mlp", 269'322, 268'800, 0, {.channels = 1, .resolution = 28, .least = 1}),
    net("mlpmixer", 13'631'802, 2'851'607'552, 0, {.least = 16, .multiple = 16}),
    net("mobilenetv1", 3'217'226, 567'726'592, 27),
    net("mobilenetv1_0.25", 215'642, 40'776'832, 27),
    net("mobilenetv1_0.5", 823'722, 148'990'208, 27),
    net("mobilenetv1_0.75", 1'824'250, 324'640'128, 27),
    net("mobilenetv1_100", 3'217'226, 567'726'592, 27),
    net("mobilenetv2", 2'236'682, 299'507'072, 52, {}, kMobilenetv2Aliases),
    net("mobilenetv2_w0.35", 408'938, 58'018'608, 52),
    net("mobilenetv2_w0.35_seed", 441'450, 106'547'424, 52),
    net("mobilenetv2_w0.5", 700'490, 95'864'640, 52),
    net("mobilenetv2_w0.5_seed", 704'074, 126'120'768, 52),
    net("mobilenetv2_w0.75", 1'368'234, 207'802'592, 52),
    net("mobilenetv2_w0.75_seed", 1'368'682, 213'020'896, 52),
    net("mobilenetv2_w1.3", 3'738'442, 507'727'200, 52),
    net("mobilenetv2_w1.3_seed", 3'829'450, 500'573'984, 52),
    net("mobilenetv2_w1.4", 4'333'706, 580'421'744, 52),
    net("mobilenetv2_w1.4_seed", 4'416'266, 587'521'648, 52),
    net("nin", 2'015'398, 830'041'864, 0, {.least = 67}),
    net("resmlp", 14'969'722, 3'009'359'616, 0, {.least = 16, .multiple = 16}),
    net("resmlp_12_224", 14'969'722, 3'009'359'616, 0, {.least = 16, .multiple = 16}),
    net("resmlp_24_224", 29'639'530, 5'960'912'640, 0, {.least = 16, .multiple = 16}),
    net("resmlp_36_224", 44'309'338, 8'912'465'664, 0, {.least = 16, .multiple = 16}),
    net("resnet101", 42'520'650, 7'799'377'920, 104),
    net("resnet152", 58'164'298, 11'511'599'104, 155),
    net("resnet18", 11'181'642, 1'813'566'464, 20, {}, kResnet18Aliases),
    net("resnet34", 21'289'802, 3'663'254'528, 36),
    net("resnet50", 23'528'522, 4'087'156'736, 53),
    net("resnet_seed", 11'184'650, 1'813'566'464, 17),
    net("resnext101_32x8d", 86'762'826, 16'411'987'968, 104),
    net("resnext101_64x4d", 81'426'762, 15'458'242'560, 104),
    net("resnext29_16x64d", 68'155'210, 523'753'957'376, 31, {}, kResnext2916x64dAliases),
    net("resnext29_2x64d", 9'130'314, 69'141'735'424, 31),
    net("resnext29_2x64d_seed", 9'128'778, 69'064'665'088, 31),
    net("resnext29_32x4d_seed", 4'774'218, 37'851'179'008, 31),
    net("resnext29_4x64d_seed", 27'104'586, 207'174'717'440, 31),
    net("resnext29_8x64d", 34'426'698, 263'975'544'832, 31, {}, kResnext298x64dAliases),
    net("resnext29_8x64d_seed", 89'598'282, 690'559'885'312, 31),
    net("resnext50_32x4d", 23'000'394, 4'228'452'352, 53, {}, kResnext5032x4dAliases),
    net("resnext_seed", 9'128'778, 69'064'665'088, 31),
    net("senet_seed", 11'228'682, 1'813'577'728, 17),
    net("senet_stage", 11'225'674, 1'813'610'496, 20),
    net("seresnet18", 11'268'682, 1'813'653'504, 20, {}, kSeresnet18Aliases),
    net("seresnet50", 26'059'514, 4'089'671'680, 53),
    net("shufflenet", 940'858, 140'044'512, 49, {}, kShufflenetAliases),
    net("shufflenet_seed", 887'582, 1'940'705'920, 49),
    net("shufflenet_v2_x0_5", 352'042, 39'462'688, 56),
    net("shufflenet_v2_x1_0", 1'263'854, 143'894'232, 56, {}, kShufflenetV2X10Aliases),
    net("shufflenet_v2_x1_5", 2'488'874, 294'745'632, 56),
    net("shufflenet_v2_x2_0", 5'365'486, 581'225'944, 56),
    net("shufflenetv1_g1", 960'706, 142'508'736, 49),
    net("shufflenetv1_g3", 914'338, 136'510'272, 49),
    net("shufflenetv1_g3_x0.25", 67'312, 10'772'208, 49),
    net("shufflenetv1_g3_x0.5", 242'134, 37'114'656, 49),
    net("shufflenetv1_g3_x1.5", 2'015'578, 291'017'952, 49),
    net("shufflenetv1_g3_x2.0", 3'548'986, 522'144'384, 49),
    net("shufflenetv1_g4", 890'234, 133'262'656, 49),
    net("shufflenetv1_g8", 913'138, 136'845'312, 49),
    net("squeezenet", 727'626, 263'489'216, 0, {.least = 17}, kSqueezenetAliases),
    net("squeezenet1_0", 740'554, 733'261'856, 0, {.least = 21}),
    net("squeezenet_bn", 734'986, 2'574'630'912, 25, {.least = 8}),
    net("squeezenet_seed", 734'986, 2'574'630'912, 25, {.least = 8}),
    net("vgg11", 128'807'306, 7'605'035'008, 0, {.least = 32}, kVgg11Aliases),
    net("vgg11_bn", 128'812'810, 7'605'035'008, 8, {.least = 32}),
    net("vgg11_quarter_channels", 43'093'610, 526'606'336, 0, {.least = 32}),
    net("vgg13", 128'991'818, 11'304'411'136, 0, {.least = 32}),
    net("vgg13_bn", 128'997'706, 11'304'411'136, 10, {.least = 32}),
    net("vgg16", 134'301'514, 15'466'209'280, 0, {.least = 32}),
    net("vgg16_bn", 134'309'962, 15'466'209'280, 13, {.least = 32}),
    net("vgg19", 139'611'210, 19'628'007'424, 0, {.least = 32}),
    net("vgg19_bn", 139'622'218, 19'628'007'424, 16, {.least = 32}),
    net("vit", 53'592'074, 2'701'453'312, 0, {.least = 32, .multiple = 32}),
    net("vit_b16", 85'806'346, 17'563'067'904, 0, {.least = 16, .multiple = 16}),
    net("vit_b_16", 85'806'346, 17'563'067'904, 0, {.least = 16, .multiple = 16}),
    net("vit_b_32", 87'462'922, 4'408'425'984, 0, {.least = 32, .multiple = 32}),
    net("vit_base_patch16_224", 85'806'346, 17'563'067'904, 0, {.least = 16, .multiple = 16}),
    net("vit_base_patch32_224", 87'462'922, 4'408'425'984, 0, {.least = 32, .multiple = 32}),
    net("vit_h_14", 630'777'610, 167'293'841'920, 0, {.least = 14, .multiple = 14}),
    net("vit_l_16", 303'311'882, 61'553'698'816, 0, {.least = 16, .multiple = 16}),
    net("vit_l_32", 305'520'650, 15'376'525'312, 0, {.least = 32, .multiple = 32}),
    net("vit_large_patch16_224", 303'311'882, 61'553'698'816, 0, {.least = 16, .multiple = 16}),
    net("vit_mini", 4'807'946, 322'835'968, 0, {.resolution = 64, .least = 8, .multiple = 8}),
    net("vit_qkvbias", 53'610'506, 2'701'453'312, 0, {.least = 32, .multiple = 32}),
    net("vit_small_patch16_224", 21'669'514, 4'598'502'144, 0, {.least = 16, .multiple = 16}),
    net("vit_small_patch32_224", 22'497'802, 1'142'529'792, 0, {.least = 32, .multiple = 32}),
    net("vit_tiny_patch16_224", 5'526'346, 1'253'493'120, 0, {.least = 16, .multiple = 16}),
    net("wide_resnet101_2", 124'858'186, 22'751'023'104, 104),
    net("wide_resnet50_2", 66'854'730, 11'395'993'600, 53),
    net("xception", 20'827'442, 4'592'908'864, 40),
    net("xception_valid_stem", 20'827'442, 4'550'851'552, 40, {.least = 7}),
};

}  // namespace

std::span<const ModelInfo> model_table() { return kModels; }

}  // namespace bw::models
