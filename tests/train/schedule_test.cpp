#include <xstitch/train/schedule.hpp>

#include <doctest/doctest.h>

using xstitch::Schedule;

TEST_CASE("constant") { CHECK(Schedule::constant().factor(123, 1000) == 1.0F); }

TEST_CASE("step drops after every size steps") {
  const Schedule s = Schedule::step(10, 0.1);
  CHECK(s.factor(0, 100) == 1.0F);
  CHECK(s.factor(9, 100) == 1.0F);
  CHECK(s.factor(10, 100) == doctest::Approx(0.1));
  CHECK(s.factor(29, 100) == doctest::Approx(0.01));
  CHECK_THROWS_AS(Schedule::step(0, 0.1), xstitch::Error);
}

TEST_CASE("multi_step drops at its marks") {
  const Schedule s = Schedule::multi_step({5, 7}, 0.5);
  CHECK(s.factor(4, 10) == 1.0F);
  CHECK(s.factor(5, 10) == 0.5F);
  CHECK(s.factor(6, 10) == 0.5F);
  CHECK(s.factor(7, 10) == 0.25F);
  CHECK(s.factor(1000, 10) == 0.25F);
  CHECK_THROWS_AS(Schedule::multi_step({7, 5}, 0.5), xstitch::Error);
}

TEST_CASE("polynomial and cosine end where they should and stay there") {
  const Schedule p = Schedule::polynomial(2.0);
  CHECK(p.factor(0, 10) == 1.0F);
  CHECK(p.factor(5, 10) == 0.25F);
  CHECK(p.factor(10, 10) == 0.0F);
  CHECK(p.factor(20, 10) == 0.0F);
  const Schedule c = Schedule::cosine(0.2);
  CHECK(c.factor(0, 10) == 1.0F);
  CHECK(c.factor(5, 10) == doctest::Approx(0.6));
  CHECK(c.factor(10, 10) == doctest::Approx(0.2));
  CHECK(c.factor(11, 10) == doctest::Approx(0.2));
}

TEST_CASE("warm-up rises to the schedule and shifts it") {
  const Schedule s = Schedule::warm_up(4, Schedule::step(10, 0.5));
  CHECK(s.factor(0, 100) == doctest::Approx(0.2));
  CHECK(s.factor(3, 100) == doctest::Approx(0.8));
  CHECK(s.factor(4, 100) == 1.0F);
  CHECK(s.factor(13, 100) == 1.0F);
  CHECK(s.factor(14, 100) == 0.5F);
  // the rest of the training is what a schedule with an end spans
  const Schedule c = Schedule::warm_up(10, Schedule::polynomial(1.0));
  CHECK(c.factor(10, 110) == 1.0F);
  CHECK(c.factor(60, 110) == 0.5F);
}

TEST_CASE("no total makes a factor that is not finite") {
  for (const Schedule& s : {Schedule::constant(), Schedule::step(3, 0.5), Schedule::polynomial(0.9), Schedule::cosine(),
                            Schedule::warm_up(5, Schedule::cosine())})
    for (const std::uint64_t total : {0U, 1U, 3U, 5U})
      for (std::uint64_t t = 0; t < 12; ++t) {
        const float f = s.factor(t, total);
        CHECK(f >= 0.0F);
        CHECK(f <= 1.0F);
      }
}

TEST_CASE("describe tells schedules apart") {
  CHECK(Schedule::step(10, 0.1).describe() == "step(10, 0.10000000000000001)");
  CHECK(Schedule::warm_up(4, {}).describe() == "warm_up(4) then constant");
  CHECK(Schedule::multi_step({1, 2}, 0.5).describe() == "multi_step({1, 2}, 0.5)");
}
