#pragma once
/// \file
/// What the kinds of network share: a network is an AnyNet whose program is a constant of the type.

#include <xstitch/networks/settings.hpp>
#include <xstitch/run/any_net.hpp>
#include <xstitch/weave/compile.hpp>
#include <xstitch/weave/structures.hpp>

#include <concepts>
#include <cstddef>

namespace xstitch::inline XSTITCH_ISA {

/// An AnyNet whose program, and with it the number of parameters, seams and heads, is a constant of its type.
template <class CompiledProgram, FixedString Kind, int Members = 1>
class NetworkOf : public AnyNet {
 public:
  /// Chains, graph and plans of memory.
  using compiled = CompiledProgram;
  /// Elements that training changes (running statistics, codebooks and fixed kernels are not counted).
  static constexpr std::size_t parameter_count = compiled::count_parameters();
  /// Seams that are stitched, in the order in which they run.
  static constexpr auto seams = compiled::seam_names();
  /// Operations, tensors, plans and functions.
  static constexpr Program program_of_type = compiled::program(Kind.view(), Members);
  /// The same without what training needs: see run/predictor.hpp.
  static constexpr Program inference_program_of_type = compiled::inference_program(Kind.view(), Members);
  /// The same without functions and plans, to be drawn or listed: see report/draw.hpp.
  static constexpr Program structure_of_type = compiled::structure(Kind.view(), Members);

  /// Whether there is a head "tower" or "tower.head".
  template <FixedString Head>
  static constexpr bool has_head() {
    for (const Op& op : inference_program_of_type.ops) {
      if (!op.is_loss) continue;
      std::string_view name = Head.view();
      const std::string_view tower = inference_program_of_type.chains[detail::at(op.chain)].tower;
      if (name.substr(0, tower.size()) != tower) continue;
      name.remove_prefix(tower.size());
      if (op.place.empty() ? name.empty()
                           : name.size() == op.place.size() + 1 && name[0] == '.' && name.substr(1) == op.place)
        return true;
    }
    return false;
  }

  NetworkOf() : NetworkOf(Seed{}) {}
  /// A network with the initial values of this seed: Net net{xs::seed(1)}.
  explicit NetworkOf(Seed seed) : AnyNet(program_of_type, seed) {}
};

/// A network whose type is known.
template <class N>
concept Network = std::derived_from<N, AnyNet> && requires {
  { N::parameter_count } -> std::convertible_to<std::size_t>;
  { N::program_of_type } -> std::convertible_to<Program>;
  N::seams;
};

namespace detail {

/// A whole tower as a source of steps.
template <IsTower T>
struct WholeTower {
  static constexpr std::string_view name = T::name.view();

  template <class List>
  struct Of;
  template <class... Items>
  struct Of<TypeList<Items...>> {
    using leaves = Leaves<Items...>;
    static constexpr ChainBuilder make() {
      ChainBuilder builder(name, TensorShape(T::input));
      (builder.add<Items>(), ...);
      builder.check_end();
      return builder;
    }
  };
  using leaves = typename Of<typename T::items>::leaves;
  static constexpr ChainBuilder make() { return Of<typename T::items>::make(); }
};

/// Chains that are not stitched.
template <FixedString Kind, class S, std::size_t Least, std::size_t Most, FixedString Needs>
struct NoWeave {
  static constexpr bool stitches = false;
  static constexpr Problem settings_problem = [] {
    const Problem wrong = find_wrong_setting(Kind.view(), false, S::given);
    return wrong.found() ? wrong : check_tower_count(Kind.view(), S::towers::size, Least, Most, Needs.view());
  }();
  static constexpr Problem find_problem(std::span<const std::string_view>) { return {}; }
};

}  // namespace detail
}  // namespace xstitch::inline XSTITCH_ISA
