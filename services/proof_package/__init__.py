"""One recognition as it can be taken away, and its verification by anybody, anywhere, without us.

`files` is the form: which files there are and how large they may be. `history` makes a small log of the facts in them.
`telling` says in names and figures what these facts are, `wording` says it in sentences, which are what the pages show.
`exporting` takes a dossier out of a log, `asking` does so for who asked on a page. `verifying` holds one against a
policy, offline, believing nothing that the dossier says of itself. `archive` is its twin, the evidence that its facts
name, and `comparing` holds one against them.
"""
