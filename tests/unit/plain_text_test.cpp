// What foreign text becomes before a terminal or a spreadsheet sees it.
#include "core/plain_text.h"

#include <gtest/gtest.h>

namespace moescope {
namespace {

TEST(Printable, TextOfAnyLanguageStays) {
  const std::string text = "expert \u00e9\u4e13\u5bb6 \U0001f600\tcolumn\nline\r\n";
  EXPECT_EQ(printable(text), text);
}

TEST(Printable, WhatATerminalObeysBecomesVisible) {
  EXPECT_EQ(printable("\x1b[31mred"), "\\x1b[31mred");
  EXPECT_EQ(printable("bell\a back\b"), "bell\\x07 back\\x08");
  EXPECT_EQ(printable("over\rwritten"), "over\\x0dwritten");
  EXPECT_EQ(printable("\x7f"), "\\x7f");
  EXPECT_EQ(printable(std::string("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(printable("csi \u009b31m"), "csi \\xc2\\x9b31m");  // C1: one character, a whole CSI
}

TEST(Printable, BytesThatAreNoUtf8BecomeVisible) {
  EXPECT_EQ(printable("\x9b"), "\\x9b");                    // C1 in Latin-1
  EXPECT_EQ(printable("\xc0\x9b"), "\\xc0\\x9b");           // overlong
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // a surrogate
  EXPECT_EQ(printable("cut \xe4\xb8"), "cut \\xe4\\xb8");
}

TEST(PrintableJson, ControlCharactersThatJsonLetsPassAreEscaped) {
  EXPECT_EQ(printable_json("{\"a\":\"\x7f \u009b \u00e9\"}"), "{\"a\":\"\\u007f \\u009b \u00e9\"}");
}

TEST(CsvTextField, IsQuotedWhereNeeded) {
  EXPECT_EQ(csv_text_field("ncclKernel"), "ncclKernel");
  EXPECT_EQ(csv_text_field("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_text_field("say \"hi\""), "\"say \"\"hi\"\"\"");
  EXPECT_EQ(csv_text_field("two\nlines"), "\"two\nlines\"");
  EXPECT_EQ(csv_text_field(""), "");
}

TEST(CsvTextField, AFormulaIsText) {
  EXPECT_EQ(csv_text_field("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
  EXPECT_EQ(csv_text_field("@SUM(A1)"), "'@SUM(A1)");
  EXPECT_EQ(csv_text_field("-1+cmd"), "'-1+cmd");
  EXPECT_EQ(csv_text_field("+1+1"), "'+1+1");
  EXPECT_EQ(csv_text_field("\t=1"), "\"'\t=1\"");
}

TEST(CsvTextField, NumbersStayNumbers) {
  for (const char* number : {"-1.5", "+3e4", "-0", "+3.2 %", "-4 GB/s", "-12 ms"})
    EXPECT_EQ(csv_text_field(number), number);
}

}  // namespace
}  // namespace moescope
