// The main function of every test program, compiled once: doctest's implementation is the slow part of it.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <locale>

namespace {

// Counts the test cases that the options chose: a ctest entry whose filter chooses none must not pass. A case that
// skips itself (doctest::skip: under sanitizers, say) counts as chosen.
struct Chosen : doctest::IReporter {
  static inline unsigned count = 0;
  static inline bool queried = false;
  static inline bool skips_itself = false;

  explicit Chosen(const doctest::ContextOptions&) {}
  void report_query(const doctest::QueryData&) override { queried = true; }
  void test_run_end(const doctest::TestRunStats& stats) override { count = stats.numTestCasesPassingFilters; }
  void test_run_start() override {}
  void test_case_start(const doctest::TestCaseData&) override {}
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_end(const doctest::CurrentTestCaseStats&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData& test) override { skips_itself = skips_itself || test.m_skip; }
};

}  // namespace

REGISTER_LISTENER("chosen", 1, Chosen);

int main(int count, char** arguments) {
  // A program that speaks its user's language: both the C++ and the C locale, with other separators of numbers. Not the
  // system's own messages, which are quoted in ours.
  if (const char* name = std::getenv("XSTITCH_TEST_LOCALE"))
    std::locale::global(std::locale(std::locale(name), "C", std::locale::messages));
  doctest::Context context(count, arguments);
  std::ostream results(std::cout.rdbuf());  // also while a test has what is printed to std::cout
  context.setCout(&results);
  const int result = context.run();
  if (context.shouldExit() || Chosen::queried) return result;
  const bool none = Chosen::count == 0 && !Chosen::skips_itself;
  if (none) std::fputs("no test case is chosen by these options\n", stderr);
  return none ? 1 : result;
}
