"""The refdesk.yaml that `refdesk init` writes: valid as it stands, with what else can be set behind `#`."""

from __future__ import annotations

from serve.config.settings import ServerSettings

# The folder that the file names as the source of its bank.
DOCUMENTS = "documents"
TEMPLATE = """\
# Everything that Refdesk does here. Lines that begin with `# ` and a name are defaults or examples:
# take the `#` away to set them. A name that means nothing is refused, with its line.

# What questions are answered from. `refdesk ingest` reads what has changed.
banks:
  documents:
    title: Our documents
    # Questions are routed to banks by these words: write those that people ask with.
    description: What our customers ask about.
    # Files, folders or globs, relative to this file, or http addresses.
    sources: [{documents}]
    # Who may read what, the first rule that matches; a document without a rule is for everybody.
    # access:
    #   - title: "*Internal*"
    #     allow: [staff]
    # A cross-encoder of sentence-transformers that puts the first passages into another order: a folder, or a name on
    # the model hub. `refdesk eval tune --reranker` says whether it helps.
    # reranker:
    #   model: models/cross-encoder
    #   passages: 30
    #   device: auto

# The language model that writes the answers. Without one, answers quote the documents, and nothing leaves this
# machine. Keys come from the environment, such as OPENAI_API_KEY, and never stand here.
# model:
#   name: gpt-5-mini
#   base_url: http://127.0.0.1:11434/v1

# The support bot: `refdesk serve`.
server:
  title: {title}
  tagline: "{tagline}"
  # The colour of buttons and links, and one to three letters or an emoji for the corner.
  accent: "{accent}"
  logo: {logo}
  # The languages of the page, the first for those whose browser asks for another.
  languages: [en]
  # Questions that a newcomer may click.
  suggested: []
  # Only these banks; all where none are named.
  # banks: [documents]

  features:
    handover: true    # "talk to a person"
    feedback: true    # thumbs up and down
    upload: false     # documents from the page, for those with a key that may

  # Who answers. Without a language model the first tier quotes. With one, it passes difficult cases on to the second,
  # which has tools. `tier2: null` leaves that out.
  flow:
    # Below this nothing is answered, where it is more than what the banks were calibrated to.
    confidence: 0.0
    tier1:
      name: Support
      # prompt: You help customers of Example Ltd.
      # banks: [documents]
      # model: an entry under `models:`
    tier2:
      name: Specialist
      tools: [create_support_ticket, escalate_to_human]
      # Your own tools, such as looking a customer's account up, by the Model Context Protocol:
      # tool_servers:
      #   accounts:
      #     url: http://127.0.0.1:9000/mcp

  # When a person takes over without being asked for, and how the people behind the service are told. They answer at
  # /inbox. Secrets come from the environment: REFDESK_WEBHOOK_SECRET, REFDESK_SMTP_PASSWORD.
  # handover:
  #   confidence: 0.3     # an answer below this
  #   unanswered: 2       # so many questions in a row that the documents do not answer
  #   rules:
  #     - words: [lawyer, complaint]
  #       reason: Somebody has to decide.
  #   inbox_url: https://help.example.com/inbox
  #   webhook:
  #     url: https://tickets.example.com/refdesk
  #   mail:
  #     host: mail.example.com
  #     user: refdesk
  #     sender: refdesk@example.com
  #     to: [support@example.com]

  # The chat inside your own site: the origins of its pages, each of which carries one line,
  # <script async src="https://help.example.com/widget.js"></script>
  # widget:
  #   origins: [https://www.example.com]

  # Staff sign in with the accounts that they have anyway, at an OpenID Connect provider: pip install 'refdesk[oidc]'.
  # Register this service there with the address https://help.example.com/api/staff/callback; the client's secret comes
  # from REFDESK_OIDC_CLIENT_SECRET.
  # oidc:
  #   name: Example Ltd          # "Sign in with Example Ltd"
  #   issuer: https://login.example.com/realms/example
  #   client_id: refdesk
  #   request: [openid, profile, email, groups]
  #   session_hours: 8
  #   teams:                     # who is of none gets nowhere
  #     - groups: [support]
  #       scopes: [inbox, documents:write]
  #       roles: [staff]
  #     - emails: ["chief@example.com"]
  #       scopes: [admin, inbox]

  # limits:
{limits}

  # Conversations are deleted this long after they were last used.
  retention_days: {retention_days}

  # Where conversations are kept. By default in refdesk.sqlite beside this file.
  # Several processes may share a PostgreSQL; its password comes from REFDESK_DATABASE_PASSWORD.
  # database: postgresql+psycopg://refdesk@127.0.0.1/refdesk
  # Where they share their limits and tell each other news; its password comes from REFDESK_REDIS_PASSWORD.
  # redis: redis://127.0.0.1:6379/0

  # The names under which others reach the service, and the proxies in front of it.
  # allowed_hosts: [help.example.com]
  # trusted_proxies: [127.0.0.1]
  # Other sites whose pages may use it.
  # allowed_origins: [https://www.example.com]
"""


def template() -> str:
    """The whole file, with the defaults as they are."""
    settings = ServerSettings()
    limits = "\n".join(f"  #   {name}: {value:g}" for name, value in settings.limits.model_dump().items())
    return TEMPLATE.format(
        documents=DOCUMENTS,
        title=settings.title,
        tagline=settings.tagline,
        accent=settings.accent,
        logo=settings.logo,
        limits=limits,
        retention_days=settings.retention_days,
    )
