# krosyn-audit for nixpkgs: `callPackage ./package.nix { }`.
{ lib, rustPlatform, cmake, installShellFiles, stdenv }:

let
  source = ../..;
  manifest = (lib.importTOML (source + "/Cargo.toml")).package;
in
rustPlatform.buildRustPackage {
  pname = manifest.name;
  version = manifest.version;
  src = lib.cleanSource source;
  cargoLock.lockFile = source + "/Cargo.lock";
  buildType = "dist";
  # They need PostgreSQL, Chromium and a terminal.
  doCheck = false;

  nativeBuildInputs = [ cmake installShellFiles ];

  postInstall = ''
    installManPage man/*.1
    installShellCompletion completions/krosyn-audit.{bash,fish} --zsh completions/_krosyn-audit
  '' + lib.optionalString stdenv.hostPlatform.isLinux ''
    install -Dm644 packaging/systemd/* -t $out/lib/systemd/system
    install -Dm644 packaging/sysusers/* -t $out/lib/sysusers.d
    substituteInPlace $out/lib/systemd/system/*.service --replace-fail /usr/bin/krosyn-audit $out/bin/krosyn-audit
  '';

  meta = {
    inherit (manifest) description;
    homepage = manifest.repository;
    license = with lib.licenses; [ mit asl20 ];
    mainProgram = "krosyn-audit";
  };
}
