#pragma once
// The data of the pair: drawn rooms or a folder in the layout of NYU Depth V2, kept in memory where it fits.
#include <xstitch/data/in_memory.hpp>
#include <xstitch/data/nyuv2.hpp>
#include <xstitch/rooms/rooms.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace protocol {

namespace xs = xstitch;

struct PairDataOptions {
  std::string source = "rooms";  ///< or nyuv2:FOLDER
  int height = 0, width = 0, classes = 13;
  std::size_t train_rooms = 0, test_rooms = 0;
  std::uint64_t seed = 1;  ///< of the rooms that are trained on
  std::string depth{};     ///< name of its label; empty: none
};

class PairData {
 public:
  PairData(const PairDataOptions& options, xs::ThreadPool& threads, std::ostream* output) {
    open(options);
    // Drawn or decoded once, not in every epoch of every training, where memory allows it.
    constexpr std::size_t most = std::size_t{3} << 29;
    const std::size_t bytes = xs::data::InMemory::bytes(train()) + xs::data::InMemory::bytes(test());
    if (bytes > most) {
      if (output != nullptr)
        *output << "The samples would take " << (bytes >> 20) << " MiB of memory, more than the " << (most >> 20)
                << " MiB that this program keeps: they are made again in every epoch.\n";
      return;
    }
    train_kept_.emplace(train(), threads);
    test_kept_.emplace(test(), threads);
  }
  [[nodiscard]] xs::DataSetRef train() const { return pick(train_kept_, train_rooms_, train_nyu_); }
  [[nodiscard]] xs::DataSetRef test() const { return pick(test_kept_, test_rooms_, test_nyu_); }

 private:
  void open(const PairDataOptions& options) {
    if (options.source == "rooms") {
      if (options.classes != xs::data::Rooms::classes)
        xs::fail("rooms have ", xs::data::Rooms::classes, " classes, found a preset of ", options.classes,
                 "; give --data nyuv2:DIR, or another preset");
      xs::data::RoomsOptions rooms{.seed = options.seed,
                                   .count = options.train_rooms,
                                   .height = options.height,
                                   .width = options.width,
                                   .depth = options.depth};
      train_rooms_.emplace(rooms);
      // The held-back rooms are the same for every seed, so that runs compare.
      rooms.seed = 1;
      rooms.split = xs::data::RoomsSplit::test;
      rooms.count = options.test_rooms;
      test_rooms_.emplace(rooms);
    } else if (options.source.starts_with("nyuv2:")) {
      const std::string folder = options.source.substr(6);
      xs::data::Nyuv2Options nyu;
      nyu.classes = options.classes;
      nyu.height = options.height;
      nyu.width = options.width;
      nyu.depth = !options.depth.empty();
      if (nyu.depth) nyu.depth_name = options.depth;
      train_nyu_.emplace(folder, nyu);
      nyu.split = xs::data::Nyuv2Split::test;
      test_nyu_.emplace(folder, nyu);
    } else {
      xs::fail("--data ", options.source, ": expected rooms or nyuv2:DIR");
    }
  }
  template <class Kept, class RoomSet, class NyuSet>
  static xs::DataSetRef pick(const Kept& kept, const RoomSet& rooms, const NyuSet& nyu) {
    if (kept) return *kept;
    if (rooms) return *rooms;
    return *nyu;
  }

  std::optional<xs::data::Rooms> train_rooms_, test_rooms_;
  std::optional<xs::data::Nyuv2> train_nyu_, test_nyu_;
  std::optional<xs::data::InMemory> train_kept_, test_kept_;
};

}  // namespace protocol
