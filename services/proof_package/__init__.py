"""One recognition as it can be taken away, and its verification by anybody, anywhere, without us.

`package_files` says which files a package has and how large they may be; `package_log` makes a small log of its facts.
`content` says in names and figures what these facts are, `sentences` in sentences, which `pages` prints. `build` takes
a package out of a log, `package_on_request` does so for somebody who asked on a page, `sign` adds a signature. `verify`
holds a package against a policy, offline, and believes nothing that the package says of itself. `evidence_zip` is its
twin, the evidence that its facts name, and `compare_evidence` holds one against them.
"""
