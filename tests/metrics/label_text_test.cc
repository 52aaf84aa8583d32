#include "metrics/label_text.h"

#include <gtest/gtest.h>

namespace bw::metrics {
namespace {

TEST(LabelText, PassesWellFormedTextThrough) {
    for (const char* text : {"", "gpu-7:2", "é", "日本", "\xF0\x9F\x98\x80"}) {
        EXPECT_EQ(label_text(text), text);
    }
}

TEST(LabelText, ReplacesWhatIsNoUtf8) {
    EXPECT_EQ(label_text("a\xC3"), "a?");                     // cut off
    EXPECT_EQ(label_text("\xC0\xAF"), "??");                  // longer than it need be
    EXPECT_EQ(label_text("\xED\xA0\x80"), "???");             // a surrogate
    EXPECT_EQ(label_text("\xF4\x90\x80\x80"), "????");        // beyond U+10FFFF
    EXPECT_EQ(label_text("\x80"), "?");                       // no begin
    EXPECT_EQ(label_text("tab\tline\nend"), "tab?line?end");  // control characters
}

TEST(LabelText, CutsLongTextWithoutHalvingACharacter) {
    EXPECT_EQ(label_text(std::string(kLabelBytesMax, 'x')), std::string(kLabelBytesMax, 'x'));
    EXPECT_EQ(label_text(std::string(kLabelBytesMax + 1, 'x')), std::string(kLabelBytesMax, 'x'));
    const std::string cut = label_text(std::string(kLabelBytesMax - 1, 'x') + "é");
    EXPECT_EQ(cut, std::string(kLabelBytesMax - 1, 'x') + "?");
}

}  // namespace
}  // namespace bw::metrics
