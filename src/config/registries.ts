/** Where the package managers of common languages load from: reached by agents unless `dispatch.allow` says otherwise. */
export const REGISTRIES = [
  "registry.npmjs.org",
  "registry.yarnpkg.com",
  "pypi.org",
  "files.pythonhosted.org",
  "proxy.golang.org",
  "sum.golang.org",
  "index.crates.io",
  "static.crates.io",
  "rubygems.org",
  "index.rubygems.org",
  "repo.packagist.org",
  "repo.maven.apache.org",
] as const;
