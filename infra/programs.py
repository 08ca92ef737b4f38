"""The modules that processes of ours are started from. Processes start each other by these names and by no others."""

#: Every command of the command line; `minhchuan` starts it too.
COMMAND_LINE = "services.cli"

#: Applications that a web server runs.
WEB = "services.serve:application"
WITNESS = "services.witness:application"
PROVIDER = "services.demo_provider:application"

#: Helpers of one process, which read from it and answer it.
PAGES_APART = "services.web.apart"
PRINTER = "infra.pdf"
ATTACHMENTS = "infra.attachments"
SIGNATURES = "infra.signatures"
PASSWORDS = "infra.pdf_passwords"
