import type { Texts } from '../wait/texts.ts'

export const texts: Texts = {
  phases: {
    joining: { title: 'One moment', text: 'We are finding your place in line.' },
    outside: { title: 'Join the line', text: 'Everybody gets in by turn, and nobody can push ahead.' },
    waiting: {
      title: 'You are in line',
      text: 'You can use other tabs meanwhile; just keep this page open.',
    },
    next: { title: 'You are next', text: 'Please stay on this page. It can happen at any moment.' },
    drawing: {
      title: 'You take part in the draw',
      text: 'Places are drawn by lot at the opening. Coming earlier is no advantage; you are in.',
    },
    paused: {
      title: 'The line is paused for a moment',
      text: 'Nobody goes in right now, and nobody loses their place. It goes on by itself.',
    },
    held: {
      title: 'A short hold-up',
      text: 'Admission waits for a moment. You keep your place, and it goes on by itself.',
    },
    scheduled: { title: 'It has not opened yet', text: 'You will be put in line by yourself when it opens.' },
    unopened: {
      title: 'It has not opened yet',
      text: 'This page looks again by itself. You need not reload it.',
    },
    admitted: { title: 'It is your turn', text: 'Your place is reserved. Go in before the time is up.' },
    ready: { title: 'It is your turn', text: 'You are admitted. Go on in the shop.' },
    entered: {
      title: 'The time to go in is over',
      text: 'If you are inside already, just go on there.',
    },
    left: {
      title: 'You have left the line',
      text: 'Your place went to the next person. You can join again at the end.',
    },
    expired: {
      title: 'Your place has expired',
      text: 'We had not heard from you for a while, so the place went to the next person. You can join again.',
    },
    completed: { title: 'All done', text: 'Thank you for your visit.' },
    lost: {
      title: 'We do not know your place any more',
      text: 'Your session is over, or this browser has forgotten it. You can join again.',
    },
    replaced: {
      title: 'You are following this line elsewhere',
      text: 'Your place is safe. It is shown in the tab or on the device that you opened last.',
    },
    sold_out: { title: 'Sold out', text: 'There is nothing left. We are sorry, and thank you for waiting.' },
    closed: { title: 'The line is closed', text: 'Thank you for your patience.' },
    refused: {
      title: 'Nobody is let in at the moment',
      text: 'The line takes no new visitors right now. This page tries again by itself.',
    },
    stranger: {
      title: 'Please sign in first',
      text: 'This line is for signed-in customers. Sign in at the shop and come back.',
    },
    busy: {
      title: 'A great many people are here',
      text: 'We could not get through to the line yet. This page tries again by itself.',
    },
    missing: { title: 'There is no such line', text: 'The address may be mistyped, or the event is over.' },
  },
  away: 'Reconnecting. You keep your place.',
  offline: 'You are offline. Your place is kept for a while; we reconnect by ourselves.',

  place: 'Your place in line',
  ahead: { one: '{n} person ahead of you', other: '{n} people ahead of you' },
  entrants: { one: '{n} person takes part', other: '{n} people take part' },
  behind: 'Behind you',
  wait: 'Estimated wait',
  pace: 'Pace',
  perMinute: { one: 'about {n} person a minute', other: 'about {n} people a minute' },
  about: 'about {time}',
  underOneMinute: 'less than a minute',
  unknown: 'not known yet',
  progress: 'Your way to the front',

  nextHeading: 'What happens next',
  nextWaiting:
    'When it is your turn, this page tells you and shows a button to go in. Reloading or a lost connection does not cost you your place.',
  nextDrawing:
    'At the opening everybody here gets a random place. Then the line moves, and this page tells you when it is your turn.',
  nextScheduled: 'When it opens, you get a place, and this page shows how many are ahead of you.',

  enterWithin: 'Go in within {time}',
  opensIn: 'Opens in {time}',
  opensAt: 'Opens {time}',
  goingIn: { one: 'You are taken in in {n} second', other: 'You are taken in in {n} seconds' },

  enter: 'Go in now',
  notYet: 'Not yet',
  leave: 'Leave the line',
  leaveSure: 'Leave the line? Your place goes to the next person.',
  join: 'Join the line',
  again: 'Join again',
  here: 'Follow here',
  look: 'Look again',
  soundOn: 'Turn the sound on',
  soundOff: 'Turn the sound off',

  nowAt: 'Your place in line is now {n}.',
  noScript: 'This page reloads by itself and keeps your place. Leave it open.',
}
