// A network between namespaces of one machine, in user space: every node has a TUN device, and this program carries
// packets between them at a rate and with a delay, where the kernel has no netem. Linux, root. Started by
// bench/mpi/on_network.
//
//   uplink of the sender:     u = max(now, u) + bits / rate                    (one packet after the other)
//   downlink of the receiver: d = max(u, d + bits / rate)                      (both links at once: cut-through)
//   delivered at              d + delay
//
// Packets of TCP come as the kernel makes them for a card that cuts them itself (up to 64 KiB), which keeps the
// processor time low; their bits are counted as those of the frames that such a card would send. A sender that is ahead
// of its uplink waits; a receiver's queue holds 64 MiB, and drops what is more.

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <deque>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace {

using Nanoseconds = std::int64_t;

Nanoseconds now() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return Nanoseconds{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }
[[noreturn]] void fail_with_errno(const std::string& what) { fail(what + ": " + std::strerror(errno)); }

struct Arguments {
  int nodes = 2;
  double gigabits = 10.0;      ///< a second, in each direction; 0: no limit
  double milliseconds = 0.05;  ///< from one node to another
  std::string name = "xswire";
};

constexpr std::string_view usage =
    "Usage: wire [--nodes N] [--gigabits RATE] [--milliseconds DELAY] [--name PREFIX]\n"
    "  Makes TUN devices PREFIX0 to PREFIX(N-1), to be moved into namespaces, says \"ready\", and carries packets "
    "between\n"
    "  them: one to 10.77.0.(k+1) goes to device k. RATE in Gbit/s each way (10; 0: no limit), DELAY in ms one way "
    "(0.05).\n"
    "  SIGTERM ends it, with a line of what it carried. Needs root.\n";

Arguments read_arguments(int count, char** values) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string_view option = values[i];
    if (i + 1 == count) fail(std::string(option) + ": expected a value after it\n" + std::string(usage));
    const std::string_view text = values[++i];
    const auto read = [&](auto& value, auto least, auto most) {
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (error != std::errc() || end != text.data() + text.size() || value < least || value > most)
        fail(std::string(option) + ": found '" + std::string(text) + "', expected a number from " +
             std::to_string(least) + " to " + std::to_string(most));
    };
    if (option == "--nodes")
      read(arguments.nodes, 2, 64);
    else if (option == "--gigabits")
      read(arguments.gigabits, 0.0, 1000.0);
    else if (option == "--milliseconds")
      read(arguments.milliseconds, 0.0, 1000.0);
    else if (option == "--name")
      arguments.name = text;
    else
      fail("unknown option " + std::string(option) + "\n" + std::string(usage));
  }
  return arguments;
}

/// How a packet is to be cut: virtio_net_hdr of linux/virtio_net.h, which is no C++.
struct CutHeader {
  std::uint8_t flags = 0, kind = 0;  ///< kind 0: as it is
  std::uint16_t headers = 0, payload = 0, checksum_begin = 0, checksum_offset = 0;
};
static_assert(sizeof(CutHeader) == 10);

struct Packet {
  Nanoseconds release = 0;
  std::size_t size = 0;
  std::array<unsigned char, 65536 + 64> bytes;
};

/// Bits of the frames that a card would send: 38 bytes around each, and the headers of TCP and IP in each.
double bits_on_wire(const Packet& packet) {
  CutHeader header;
  std::memcpy(&header, packet.bytes.data(), sizeof header);
  const std::size_t length = packet.size - sizeof header;
  std::size_t frames = 1, headers = 0;
  if (header.kind != 0 && header.payload > 0 && length > header.headers) {
    frames = (length - header.headers + header.payload - 1) / header.payload;
    headers = header.headers;
  }
  return 8.0 * static_cast<double>(length + (frames - 1) * headers + 38 * frames);
}

int open_device(const std::string& name) {
  const int file = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) fail_with_errno("/dev/net/tun");
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
  if (name.size() >= sizeof request.ifr_name) fail("--name: found '" + name + "', expected at most 13 letters");
  std::memcpy(request.ifr_name, name.c_str(), name.size() + 1);
  if (ioctl(file, TUNSETIFF, &request) < 0) fail_with_errno("a TUN device " + name + " (are you root?)");
  const unsigned offload = TUN_F_CSUM | TUN_F_TSO4;
  if (ioctl(file, TUNSETOFFLOAD, offload) < 0) fail_with_errno("offload of " + name);
  return file;
}

volatile std::sig_atomic_t stopping = 0;

class Wire {
 public:
  explicit Wire(const Arguments& arguments)
      : delay_(static_cast<Nanoseconds>(1e6 * arguments.milliseconds)), gigabits_(arguments.gigabits) {
    for (int n = 0; n < arguments.nodes; ++n) {
      ports_.emplace_back();
      ports_.back().file = open_device(arguments.name + std::to_string(n));
    }
  }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  ~Wire() {
    for (const Port& port : ports_) close(port.file);
  }

  void run() {
    std::vector<pollfd> polled(ports_.size());
    while (stopping == 0) {
      deliver();
      Nanoseconds next = now() + 100'000'000;
      for (std::size_t p = 0; p < ports_.size(); ++p) {
        read_all(p);
        const Nanoseconds waits = ports_[p].up - ahead;
        const bool full = waits > now();
        polled[p] = {full ? -1 : ports_[p].file, POLLIN, 0};
        if (full) next = std::min(next, waits);
      }
      for (const Port& port : ports_)
        if (!port.queue.empty()) next = std::min(next, port.queue.front()->release);
      const Nanoseconds left = next - now();
      if (left <= 0) continue;
      const timespec timeout{left / 1'000'000'000, left % 1'000'000'000};
      if (ppoll(polled.data(), polled.size(), &timeout, nullptr) < 0 && errno != EINTR) fail_with_errno("ppoll");
    }
  }
  void report() const {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
    };
    std::fprintf(stderr,
                 "wire: %.3f GB in %zu packets, %zu dropped; late by %.1f us a packet, %.1f us at most; %.2f s of "
                 "processor time\n",
                 1e-9 * static_cast<double>(bytes_), packets_, dropped_,
                 packets_ > 0 ? 1e-3 * static_cast<double>(late_) / static_cast<double>(packets_) : 0.0,
                 1e-3 * static_cast<double>(latest_), seconds(used.ru_utime) + seconds(used.ru_stime));
  }

 private:
  static constexpr Nanoseconds ahead = 200'000;  ///< that a sender may be ahead of its uplink
  static constexpr std::size_t most_queued = std::size_t{64} << 20;

  struct Port {
    int file = -1;
    Nanoseconds up = 0, down = 0;  ///< when these links are free
    std::deque<std::unique_ptr<Packet>> queue;
    std::size_t queued = 0;  ///< bytes
  };

  void read_all(std::size_t from) {
    Port& port = ports_[from];
    for (int i = 0; i < 64; ++i) {
      const Nanoseconds time = now();
      if (port.up - ahead > time) return;
      if (free_.empty()) free_.push_back(std::make_unique<Packet>());
      Packet& packet = *free_.back();
      const ssize_t size = read(port.file, packet.bytes.data(), packet.bytes.size());
      if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (size < 0) fail_with_errno("reading a packet");
      packet.size = static_cast<std::size_t>(size);
      carry(port, packet, time);
    }
  }
  void carry(Port& from, Packet& packet, Nanoseconds time) {
    constexpr std::size_t header = sizeof(CutHeader);
    const unsigned char* const ip = packet.bytes.data() + header;
    if (packet.size < header + 20 || ip[0] >> 4 != 4 || ip[16] != 10 || ip[17] != 77 || ip[18] != 0 || ip[19] < 1 ||
        ip[19] > ports_.size())
      return;  // of no node here: multicast, IPv6
    Port& to = ports_[ip[19] - 1U];
    const auto takes = gigabits_ > 0.0 ? static_cast<Nanoseconds>(bits_on_wire(packet) / gigabits_) : 0;
    from.up = std::max(time, from.up) + takes;
    if (to.queued > most_queued) {
      ++dropped_;
      return;
    }
    to.down = std::max(from.up, to.down + takes);
    packet.release = to.down + delay_;
    to.queued += packet.size;
    to.queue.push_back(std::move(free_.back()));
    free_.pop_back();
  }
  void deliver() {
    for (Port& port : ports_)
      while (!port.queue.empty()) {
        Packet& packet = *port.queue.front();
        const Nanoseconds late = now() - packet.release;
        if (late < 0) break;
        if (write(port.file, packet.bytes.data(), packet.size) < 0) ++dropped_;
        late_ += late;
        latest_ = std::max(latest_, late);
        ++packets_;
        bytes_ += packet.size;
        port.queued -= packet.size;
        free_.push_back(std::move(port.queue.front()));
        port.queue.pop_front();
      }
  }

  Nanoseconds delay_;
  double gigabits_;
  std::deque<Port> ports_;
  std::vector<std::unique_ptr<Packet>> free_;
  std::size_t packets_ = 0, bytes_ = 0, dropped_ = 0;
  Nanoseconds late_ = 0, latest_ = 0;
};

}  // namespace

int main(int count, char** values) {
  try {
    if (count == 2 && (std::string_view(values[1]) == "--help" || std::string_view(values[1]) == "-h")) {
      std::fputs(usage.data(), stdout);
      return 0;
    }
    Wire wire(read_arguments(count, values));
    std::signal(SIGTERM, [](int) { stopping = 1; });
    std::signal(SIGINT, [](int) { stopping = 1; });
    // A network needs no processor of the nodes: where this one does, it goes first, and wakes when it wants.
    const sched_param first{.sched_priority = 50};
    if (sched_setscheduler(0, SCHED_FIFO, &first) != 0) std::perror("wire: no real-time priority, so less exact");
    prctl(PR_SET_TIMERSLACK, 1UL);
    std::puts("ready");
    std::fflush(stdout);
    wire.run();
    wire.report();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "wire: %s\n", error.what());
    return 1;
  }
}
