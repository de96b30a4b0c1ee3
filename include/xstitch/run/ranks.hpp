#pragma once
/// \file
/// The ranks of a training (processes, of several machines perhaps) as whoever sends between them sees them: number,
/// and four ways to send. Everything else is made of these (run/ordered_reduction.hpp, train/distributed.hpp).
///
///     xs::Mpi mpi(argc, argv);                               // mpi/mpi.hpp: xstitch::mpi
///     xs::train(net, data, sgd, {.epochs = 5, .distributed = {mpi.ranks()}});
///
/// Every rank makes the same calls in the same order, with the same sizes. What fails is an Error that names the call.

#include <xstitch/core/error.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace xstitch::inline XSTITCH_ISA {

class Ranks {
 public:
  Ranks() = default;
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;
  virtual ~Ranks() = default;

  /// Of this process, from 0.
  [[nodiscard]] virtual std::size_t rank() const = 0;
  /// How many processes there are.
  [[nodiscard]] virtual std::size_t ranks() const = 0;
  /// Where it runs, for people: "process 4711 on node3".
  [[nodiscard]] virtual std::string place() const = 0;
  /// Whether one thread after the other may send, and not only the first.
  [[nodiscard]] virtual bool any_thread() const = 0;

  /// `bytes` of rank `from`, to all.
  virtual void broadcast(std::size_t from, std::span<std::byte> bytes) = 0;
  /// The same where rank `from` may come much later: the others sleep in between, and burn no processor.
  virtual void await(std::size_t from, std::span<std::byte> bytes) { broadcast(from, bytes); }
  /// all = [rank]: what each gave, counts[rank] bytes long; own may lie in its place in `all`.
  virtual void gather(std::span<const std::byte> own, std::span<std::byte> all,
                      std::span<const std::size_t> counts) = 0;
  /// own = [rank]: sent[r] bytes for rank r; all = [rank]: received[r] bytes of rank r.
  virtual void exchange(std::span<const std::byte> own, std::span<const std::size_t> sent, std::span<std::byte> all,
                        std::span<const std::size_t> received) = 0;
  /// Ends all ranks at once, after saying why.
  [[noreturn]] virtual void abort(const std::string& why) = 0;

  /// all = [rank, own.size()].
  template <class T>
  void gather_values(std::span<const T> own, std::span<T> all) {
    const std::vector<std::size_t> counts(ranks(), own.size_bytes());
    gather(std::as_bytes(own), std::as_writable_bytes(all), counts);
  }
  /// [rank]: the text of each.
  [[nodiscard]] XSTITCH_INLINE std::vector<std::string> gather_texts(const std::string& own) {
    const std::uint64_t size = own.size();
    std::vector<std::uint64_t> sizes(ranks());
    gather_values(std::span(&size, 1), std::span(sizes));
    const std::vector<std::size_t> counts(sizes.begin(), sizes.end());
    std::size_t total = 0;
    for (const std::size_t count : counts) total += count;
    std::vector<std::byte> all(total);
    gather(std::as_bytes(std::span(own)), all, counts);
    std::vector<std::string> texts;
    std::size_t at = 0;
    for (const std::size_t count : counts) {
      texts.emplace_back(reinterpret_cast<const char*>(all.data()) + at, count);
      at += count;
    }
    return texts;
  }
  /// The text of rank `from`, to all.
  void broadcast_text(std::size_t from, std::string& text) {
    std::uint64_t size = text.size();
    broadcast(from, std::as_writable_bytes(std::span(&size, 1)));
    text.resize(size);
    if (size > 0) broadcast(from, std::as_writable_bytes(std::span(text)));
  }
  /// Whether any rank says so.
  [[nodiscard]] XSTITCH_INLINE bool any(bool own) {
    const std::uint8_t mine = own ? 1 : 0;
    std::vector<std::uint8_t> all(ranks());
    gather_values(std::span(&mine, 1), std::span(all));
    for (const std::uint8_t one : all)
      if (one != 0) return true;
    return false;
  }
  /// What all say, a line each, those of the others with their rank in front.
  [[nodiscard]] XSTITCH_INLINE std::vector<std::string> gather_lines(const std::vector<std::string>& own) {
    std::vector<std::string> all;
    if (!any(!own.empty())) return all;
    std::string text;
    for (const std::string& line : own) text += line + '\0';
    const std::vector<std::string> texts = gather_texts(text);
    for (std::size_t r = 0; r < texts.size(); ++r)
      for (std::size_t at = 0; at < texts[r].size();) {
        const std::size_t end = texts[r].find('\0', at);
        all.push_back((r == rank() ? "" : "rank " + std::to_string(r) + ": ") + texts[r].substr(at, end - at));
        at = end + 1;
      }
    return all;
  }
  /// Runs f on every rank; where it throws an Error on one, it throws on all, and says on which.
  template <class Function>
  void together(const Function& f) {
    std::string failure;
    try {
      f();
    } catch (const std::exception& error) {
      failure = error.what();
      if (failure.empty()) failure = "unknown error";
    }
    const std::vector<std::string> failures = gather_texts(failure);
    std::string which;
    std::size_t first = ranks(), count = 0;
    for (std::size_t r = 0; r < failures.size(); ++r) {
      if (failures[r].empty()) continue;
      if (first == ranks()) first = r;
      if (failures[r] != failures[first]) continue;
      which += (count++ == 0 ? "" : ", ") + std::to_string(r);
    }
    if (count == ranks()) fail(failures[first]);
    if (count > 0) fail(count == 1 ? "rank " : "ranks ", which, " of ", ranks(), ": ", failures[first]);
  }
};

}  // namespace xstitch::inline XSTITCH_ISA
