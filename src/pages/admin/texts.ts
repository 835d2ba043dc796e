/** Every word of the console. */
import type { Act } from './model/actions.ts'
import { countText, peopleText } from './model/format.ts'

/** What an action would do to whom. */
type Stakes = { readonly waiting: number; readonly inside: number; readonly name: string }
type ActWords = {
  readonly label: string
  readonly title: (stakes: Stakes) => string
  readonly means: (stakes: Stakes) => string
  readonly confirm: string
  readonly done: string
}

const stillInside = (inside: number): string =>
  inside === 0 ? 'Nobody is inside.' : `The ${countText(inside)} inside may finish.`

/** @param why in 'are told that it is …'. */
const waitEnds = ({ waiting, inside }: Stakes, why: string): string => {
  if (waiting === 0) return `Nobody is waiting, and nobody can join any more. ${stillInside(inside)}`
  const [are, lose, their] = waiting === 1 ? ['is', 'loses', 'the'] : ['are', 'lose', 'their']
  const told = `${peopleText(waiting)} waiting ${are} told that it is ${why} and ${lose} ${their} place for good`
  return `${told}, and nobody can join any more. ${stillInside(inside)}`
}

const acts: Readonly<Record<Act, ActWords>> = {
  open: {
    label: 'Open',
    title: ({ name }) => `Open ${name}?`,
    means: ({ waiting }) =>
      waiting === 0
        ? 'Visitors can join, and are admitted as long as there is room.'
        : `${peopleText(waiting)} waiting ${waiting === 1 ? 'is' : 'are'} admitted from now on, as long as there is room, and others can join.`,
    confirm: 'Open now',
    done: 'The event is open.',
  },
  pause: {
    label: 'Pause',
    title: ({ name }) => `Pause ${name}?`,
    means: ({ waiting, inside }) =>
      `Nobody is admitted until you resume. ${waiting === 0 ? 'Nobody is waiting.' : `${peopleText(waiting)} waiting ${waiting === 1 ? 'keeps the' : 'keep their'} place.`} Visitors are told that it is paused, and others can still join. ${stillInside(inside)}`,
    confirm: 'Pause admissions',
    done: 'The event is paused.',
  },
  resume: {
    label: 'Resume',
    title: ({ name }) => `Resume ${name}?`,
    means: ({ waiting }) =>
      waiting === 0
        ? 'Visitors are admitted again, as long as there is room.'
        : `Admissions go on at once, as long as there is room, with ${peopleText(waiting)} waiting.`,
    confirm: 'Resume admissions',
    done: 'The event is open again.',
  },
  'sold-out': {
    label: 'Sold out',
    title: ({ name }) => `Mark ${name} as sold out?`,
    means: (stakes) => waitEnds(stakes, 'sold out'),
    confirm: 'Mark as sold out',
    done: 'The event is sold out.',
  },
  close: {
    label: 'Close',
    title: ({ name }) => `Close ${name}?`,
    means: (stakes) => waitEnds(stakes, 'closed'),
    confirm: 'Close the event',
    done: 'The event is closed.',
  },
  delete: {
    label: 'Delete',
    title: ({ name }) => `Delete ${name}?`,
    means: ({ inside }) =>
      `The event, its places and its admissions are deleted for good, user ids included. ${inside === 0 ? 'Nobody is inside.' : `Whoever is inside (${peopleText(inside)}) loses the admission.`} The audit log keeps what was done. Export first what you want to keep.`,
    confirm: 'Delete for good',
    done: 'The event is deleted.',
  },
}

export const texts = {
  console: 'Usher console',
  skip: 'Skip to content',
  nav: { label: 'Console', events: 'Events', lookUp: 'Look up', audit: 'Audit log' },
  signOut: 'Sign out',
  signedInAs: (name: string) => `Signed in as ${name}`,
  zone: (zone: string) => `Times are in your zone, ${zone}.`,
  loading: 'Loading…',
  refresh: 'Refresh',
  cancel: 'Cancel',
  yes: 'yes',
  no: 'no',
  unknownPage: {
    title: 'There is no such page',
    body: 'The address does not lead anywhere in this console.',
    back: 'To the events',
  },

  signIn: {
    title: 'Sign in',
    lead: 'With the operator key of this deployment. It makes a session that ends by itself; the key is not kept in this browser.',
    ended: 'Your session has ended. Sign in, and you are where you were.',
    key: 'Operator key',
    name: 'Your name',
    nameHint: 'Optional. Stands in the audit log beside what you do.',
    submit: 'Sign in',
    keyMissing: 'Enter the operator key.',
    wrongKey: 'This is not the operator key of this deployment. Check for missing characters and try again.',
    done: 'Signed in.',
    signedOut: 'Signed out.',
    stillIn: (why: string) => `You are still signed in. ${why}`,
  },

  live: {
    on: 'Live',
    updated: (clock: string) => `as of ${clock}`,
    lost: (since: string) => `No news since ${since}.`,
    offline: 'This device is offline.',
    age: (age: string) => `What you see is ${age} old.`,
    never: 'Nothing has been loaded yet.',
    again: (wait: string) => `Trying again in ${wait}.`,
    trying: 'Trying again…',
    tryNow: 'Try now',
    backAgain: 'Live again.',
  },

  statuses: {
    scheduled: 'Scheduled',
    open: 'Open',
    paused: 'Paused',
    closed: 'Closed',
    sold_out: 'Sold out',
  },
  opens: (time: string) => `opens ${time}`,
  closes: (time: string) => `closes ${time}`,
  holding: 'Holding',
  holdingMeans:
    'Admissions are held: the store that counts capacity does not answer or is being rebuilt. Places are kept; it goes on by itself.',
  queueings: {
    fifo: 'In order of joining',
    lottery: 'Lottery',
    passthrough: 'Straight through',
    reject: 'Refuses joins',
  },

  events: {
    title: 'Events',
    create: 'New event',
    none: 'There are no events yet.',
    noneHint: 'Create one, and its waiting page is there at once.',
    columns: {
      event: 'Event',
      status: 'Status',
      waiting: 'Waiting',
      inside: 'Inside',
      pace: 'Pace',
      streams: 'Streams',
    },
    caption: 'All events with their live counts',
    of: (inside: string, capacity: string) => `${inside} of ${capacity}`,
    perMinute: (pace: string) => `${pace} / min`,
    paceLimit: (limit: string) => `limit ${limit}`,
  },

  pools: {
    title: 'Pools',
    lead: 'Capacity that several events share.',
    caption: 'All pools',
    none: 'No pools. Every event has its own capacity.',
    create: 'New pool',
    change: 'Change',
    changeOf: (poolId: string) => `Change pool ${poolId}`,
    columns: { pool: 'Pool', inside: 'Inside', rate: 'Limit / min', events: 'Events', change: 'Change' },
    noLimit: 'none',
    createTitle: 'New pool',
    save: 'Save pool',
    saved: (poolId: string) => `Pool ${poolId} is saved.`,
    poolId: 'Pool id',
  },

  event: {
    copyLink: 'Copy link',
    copied: 'The link to the waiting page is copied.',
    notCopied: (link: string) => `The browser did not copy it. The link is ${link}`,
    openPage: 'Waiting page',
    edit: 'Edit',
    actions: 'Change the status',
    acts,
    figures: {
      title: 'Now',
      waiting: 'Waiting',
      present: (present: string) => `${present} present`,
      inside: 'Inside',
      insideOf: (capacity: string) => `of ${capacity}`,
      full: 'full',
      pace: 'Admitted / min',
      paceTotal: (total: string) => `${total} in all`,
      wait: 'Wait, median',
      waitP95: (p95: string) => `95 % within ${p95}`,
      waitNone: 'nobody admitted lately',
      streams: 'Streams',
      joined: (joined: string) => `${joined} joins in all`,
      noShows: 'No-shows',
      errors: 'Errors',
      lately: (span: string) => `last ${span}`,
    },
    controls: {
      title: 'Room and pace',
      lead: 'Acts within a second, also for those who wait.',
      capacity: 'Capacity',
      capacityHint: 'Admitted at once',
      rate: 'Admissions per minute',
      rateHint: 'Empty: no limit',
      perSecond: (rate: string) => `${rate} per second`,
      apply: 'Apply',
      applying: 'Applying…',
      capacityDone: (capacity: string) => `Capacity is ${capacity}.`,
      rateDone: (rate: string) => `The limit is ${rate} per minute.`,
      rateOff: 'There is no limit per minute.',
      elsewhere: (value: string) => `Changed elsewhere: it is ${value} now.`,
      noLimit: 'none',
      pooled: (poolId: string) => `Shares pool ${poolId}, which may be full before this event is.`,
    },
    charts: {
      title: 'Over time',
      range: 'Time shown',
      ranges: { 15: '15 min', 60: '1 h', 240: '4 h' },
      admitted: 'Admitted per second',
      waiting: 'Waiting',
      inside: 'Inside',
      capacity: 'Capacity',
      wait: 'Waiting time',
      p50: 'median',
      p95: '95 %',
      streams: 'Streams',
      trouble: 'No-shows and errors',
      noShows: 'no-shows',
      errors: 'errors',
      limit: 'limit now',
      empty: 'Nothing has happened in this time.',
      summary: (now: string, most: string, when: string) => `now ${now}, most ${most} at ${when}`,
      asTable: 'Values as a table',
      at: 'Time',
      columns: {
        admitted: 'Admitted / s',
        waiting: 'Waiting',
        streams: 'Streams',
        inside: 'Inside',
        capacity: 'Capacity',
        p50: 'Wait, median',
        p95: 'Wait, 95 %',
        noShows: 'No-shows',
        errors: 'Errors',
      },
      failed: (why: string) => `The history cannot be shown. ${why}`,
    },
    sale: {
      title: 'Seats and payments',
      free: 'Free',
      held: 'Held',
      sold: 'Sold',
      pending: 'Being paid for',
      paid: 'Paid',
      stuck: 'Stuck payments',
      refundsDue: 'Refunds due',
      webhooks: 'Webhooks under way',
      stuckMeans: (count: string, longest: string) =>
        `${count === '1' ? '1 payment is' : `${count} payments are`} stuck: nobody can say how it went, and the seats stay held. The oldest was begun ${longest} ago. Look it up at the payment provider, then say so under “Seats and payments”.`,
      open: 'Payments that wait',
      columns: {
        payment: 'Payment',
        visitor: 'Visitor',
        amount: 'Amount',
        begun: 'Begun',
        act: 'How it went',
      },
      acts: {
        paid: {
          label: 'It was paid',
          title: 'Was this payment made?',
          means:
            'The seats are sold to this visitor. Only when the provider has the money. This cannot be undone.',
          confirm: 'It was paid',
          done: 'The seats are sold.',
        },
        failed: {
          label: 'It failed',
          title: 'Has this payment failed?',
          means:
            'The seats are free for others, or held for as long as the hold lasts. If the provider has taken money, give it back there first. This cannot be undone.',
          confirm: 'It failed',
          done: 'The payment counts as failed.',
        },
        refunded: {
          label: 'Given back',
          title: 'Has the money been given back?',
          means: 'The refund counts as made, and is not asked for any more. This cannot be undone.',
          confirm: 'Given back',
          done: 'The refund counts as made.',
        },
      },
    },
    settings: {
      title: 'Settings',
      created: 'Created',
      updated: 'Changed',
    },
    records: {
      title: 'Records',
      lookUp: 'Look a visitor up',
      audit: 'Audit log of this event',
      places: 'Places (CSV)',
      admissions: 'Admissions (CSV)',
    },
  },

  form: {
    createTitle: 'New event',
    editTitle: (name: string) => `Edit ${name}`,
    groups: {
      what: 'What it is',
      room: 'Room and order',
      schedule: 'Schedule',
      times: 'Times and limits',
    },
    fields: {
      eventId: {
        label: 'Event id',
        hint: 'Stands in the address of the waiting page. Letters, digits, - and _; it cannot be changed.',
      },
      name: { label: 'Name', hint: 'What visitors read.' },
      public: { label: 'Listed publicly', hint: 'Whether the public list of events has it.' },
      capacity: { label: 'Capacity', hint: 'How many may be inside at once.' },
      admitPerMinute: { label: 'Admissions per minute', hint: 'Most in any sixty seconds. Empty: no limit.' },
      queueing: { label: 'Order', hint: 'A lottery shuffles at the opening those who joined before it.' },
      poolId: { label: 'Pool', hint: 'Capacity shared with other events. Empty: its own.' },
      expectedPeak: {
        label: 'Expected peak',
        hint: 'Joins per second at the worst moment, so that there is room for them. Empty: not known.',
      },
      status: { label: 'Status', hint: 'Scheduled: opens at the time below, or by you.' },
      opensAt: { label: 'Opens', hint: 'Empty: not by itself.' },
      closesAt: { label: 'Closes', hint: 'Empty: not by itself.' },
      entryTokenTtlSeconds: {
        label: 'Time to enter',
        hint: 'Seconds that an admitted visitor has to enter the shop.',
      },
      leaseTtlSeconds: { label: 'Lease', hint: 'Seconds inside without a sign of life from the shop.' },
      maxSessionSeconds: { label: 'Longest stay', hint: 'Seconds inside at most.' },
      disconnectGraceSeconds: { label: 'Grace', hint: 'Seconds that somebody who is away keeps the place.' },
      batchSizeMax: { label: 'Batch', hint: 'Most admissions in one second.' },
    },
    range: (min: string, max: string) => `${min} to ${max}.`,
    byDefault: (value: string) => `Default: ${value}.`,
    utc: (utc: string) => `That is ${utc}.`,
    create: 'Create event',
    save: 'Save changes',
    created: (name: string) => `${name} is created.`,
    saved: 'The changes are saved.',
    unchanged: 'Nothing is changed.',
    faults: (count: number) =>
      count === 1 ? 'One field needs attention.' : `${count} fields need attention.`,
    exists: 'There is an event with this id already.',
    words: {
      required: 'Enter a value.',
      wholeNumber: 'Enter a whole number.',
      wholeTime: 'Enter a date and a time.',
      badId: '1 to 64 letters, digits, - and _; the first a letter or digit.',
    },
  },

  lookUp: {
    title: 'Look up',
    lead: 'A visitor of an event, by their id, or an admission by its id.',
    event: 'Event',
    id: 'Visitor id or admission id',
    submit: 'Look up',
    idMissing: 'Enter an id.',
    eventMissing: 'Choose the event that the visitor is in.',
    noVisitor: 'This visitor has no place in this event, or it was deleted after its retention time.',
    noAdmission: 'There is no admission with this id, or it was deleted after its retention time.',
    visitor: (userId: string) => `Visitor ${userId}`,
    inEvent: 'in',
    places: (count: number) => (count === 1 ? '1 place' : `${count} places`),
    latestFirst: ', the latest first',
    place: (joinNumber: string) => `Join ${joinNumber}`,
    states: {
      WAITING: 'Waiting',
      ADMITTED: 'Inside',
      COMPLETED: 'Completed',
      EXPIRED: 'Expired',
      LEFT: 'Left',
    },
    joined: 'Joined',
    number: 'Number in line',
    position: 'Position',
    presence: 'Presence',
    connected: 'connected',
    polls: 'present',
    absent: (since: string) => `away since ${since}`,
    ended: 'Ended',
    admission: 'Admission',
    admitted: 'Admitted',
    entered: 'Entered the shop',
    notEntered: 'not yet',
    leaseEnds: 'Lease ends',
    outcome: 'Outcome',
    outcomes: {
      completed: 'completed',
      cancelled: 'cancelled by the shop',
      left: 'left',
      expired: 'lease ran out',
      revoked: 'revoked',
    },
    revoke: 'Revoke',
    revokeTitle: 'Revoke this admission?',
    revokeMeans: (userId: string) =>
      `${userId} loses the admission now: the entry token is refused, and the slot goes to the next in line. This cannot be undone.`,
    revokeConfirm: 'Revoke admission',
    revoked: 'The admission is revoked.',
    remove: 'Take out of the line',
    removeTitle: 'Take this visitor out of the line?',
    removeMeans: (userId: string) =>
      `${userId} loses the place as if they had left. They may join again, at the end. This cannot be undone.`,
    removeConfirm: 'Take out of the line',
    removed: 'The visitor is out of the line.',
  },

  audit: {
    title: 'Audit log',
    lead: 'Who did what, newest first.',
    filter: 'Event',
    all: 'All events',
    columns: { at: 'Time', who: 'Who', what: 'What', target: 'On', changes: 'Changed', outcome: 'Outcome' },
    caption: 'What operators did, newest first',
    none: 'Nothing has been recorded.',
    older: 'Show older entries',
    csv: 'Export as CSV',
    change: (field: string, before: string, after: string) => `${field}: ${before} → ${after}`,
    set: (field: string, after: string) => `${field}: ${after}`,
    nothing: 'nothing',
    fields: (count: number) => `${count} fields`,
    request: (id: string) => `request ${id}`,
    by: { key: 'by key', session: 'signed in', token: 'by token', nobody: 'not signed in' },
    origin: (by: string, address: string) => `${by}, from ${address}`,
    targets: { pool: 'pool', admission: 'admission', visitor: 'visitor' },
    created: 'Created the event',
    actions: {
      'event.put': 'Replaced the event',
      'event.patch': 'Changed the event',
      'event.delete': 'Deleted the event',
      'event.open': 'Opened',
      'event.pause': 'Paused',
      'event.resume': 'Resumed',
      'event.close': 'Closed',
      'event.sold-out': 'Marked as sold out',
      'event.export': 'Exported',
      'pool.put': 'Saved the pool',
      'admission.revoke': 'Revoked an admission',
      'visitor.remove': 'Took a visitor out of the line',
      'seats.put': 'Planned the seats',
      'payment.resolve': 'Settled a payment',
      'drop.put': 'Planned a drop',
      'drop.reconcile': 'Reconciled a drop',
      'drop.retry': 'Had failed claims tried again',
      'drop.export': 'Exported claims',
      'webhook.replay': 'Sent a webhook again',
      'session.start': 'Signed in',
      'session.end': 'Signed out',
    },
    outcomes: {
      done: 'done',
      refused: 'refused',
      failed: 'failed; it may have been done',
      unknown: 'begun; how it ended was not recorded',
    },
  },

  failures: {
    unreachable: 'The server cannot be reached. Check the connection and try again.',
    timeout: (after: string) =>
      `The server has not answered within ${after}. It may have been done or not: look before you repeat it.`,
    unreadable: (status: number) =>
      `Something between here and the server answered instead of it (status ${status}). Try again; if it stays, load the page anew.`,
    transition: (status: string) =>
      `That cannot be done to an event that is ${status.toLowerCase()}. Somebody else may have changed it meanwhile.`,
    rateLimited: (wait: string) => `Too many attempts. Wait ${wait} and try again.`,
    internal: (requestId: string) =>
      `Something failed on the server. Try again; if it stays, look in the log for request ${requestId}.`,
    byCode: {
      unauthenticated: 'Your session has ended. Sign in and do it again.',
      'not-in-queue': 'This visitor has no place in this event any more.',
      'admission-not-found': 'There is no admission with this id any more.',
      forbidden: 'This session may not do that. Sign in with the operator key.',
      'cross-site-request':
        'The browser says that this came from another site, so it was refused. Load the page anew.',
      'event-not-found': 'There is no event with this id. It may have been deleted.',
      'event-not-closed': 'Only a closed event can be deleted. Close it first.',
      'store-unavailable': 'A part that this needs does not answer at the moment. Try again in some seconds.',
      overloaded: 'The event has too much to do at the moment. Try again in some seconds.',
      misconfigured: 'This deployment is not configured completely; its log names what is missing.',
    },
  },
} as const
