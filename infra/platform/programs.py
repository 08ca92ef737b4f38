"""The modules that processes of ours are started from. Processes start each other by these names and by no others."""

#: Every command of the command line; `minhchuan` starts it too.
COMMAND_LINE = "services.cli"

#: Applications that a web server runs.
WEB = "services.processes.serve:application"
PROVIDER = "services.demo.provider:application"

#: Helpers of one process, which read from it and answer it.
PAGE_MAKER = "services.processes.page_maker"
PRINTER = "infra.pdf.print_process"
ATTACHMENTS = "infra.pdf.attachments"
SIGNATURES = "infra.pdf.signatures"
PASSWORDS = "infra.pdf.passwords"
