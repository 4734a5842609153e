# The formula of a release. `cargo xtask dist` fills in the version and the sum of the source.
class KrosynAudit < Formula
  desc "Audit log of Krosyn: server and command-line"
  homepage "https://github.com/krosyn/krosyn-audit"
  url "https://github.com/krosyn/krosyn-audit/releases/download/v@VERSION@/krosyn-audit-@VERSION@.crate"
  sha256 "@SHA256@"
  license any_of: ["MIT", "Apache-2.0"]

  depends_on "rust" => :build

  def install
    system "cargo", "install", "--profile", "dist", *std_cargo_args
    bash_completion.install "completions/krosyn-audit.bash" => "krosyn-audit"
    zsh_completion.install "completions/_krosyn-audit"
    fish_completion.install "completions/krosyn-audit.fish"
    man1.install Dir["man/*.1"]
  end

  service do
    run [opt_bin/"krosyn-audit", "serve", "--create", "--store", "sqlite:#{var}/krosyn-audit/audit.db",
         "--token-out", var/"krosyn-audit.token"]
    keep_alive true
    error_log_path var/"log/krosyn-audit.log"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/krosyn-audit --version")
    assert_match "ID", shell_output("#{bin}/krosyn-audit --demo list -n 1 --format wide")
  end
end
