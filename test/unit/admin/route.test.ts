import { describe, expect, it } from 'vitest'
import { hashOf, routeOf, type Route } from '../../../src/pages/admin/model/route.ts'

describe('the address of the console', () => {
  it.each<Route>([
    { page: 'events' },
    { page: 'new-event' },
    { page: 'event', eventId: 'demo' },
    { page: 'edit-event', eventId: 'demo' },
    { page: 'look-up', eventId: null, query: '' },
    { page: 'look-up', eventId: 'demo', query: 'auth0|a b/c?d&e' },
    { page: 'audit', eventId: null },
    { page: 'audit', eventId: 'demo' },
  ])('$page leads back to where it came from', (route) => {
    expect(routeOf(hashOf(route))).toEqual(route)
  })

  it.each([
    ['', { page: 'events' }],
    ['#/', { page: 'events' }],
    ['#/events/', { page: 'events' }],
    ['#/events/a/b', { page: 'unknown' }],
    ['#/events/a/edit/b', { page: 'unknown' }],
    ['#/nonsense', { page: 'unknown' }],
    ['#/events/%', { page: 'event', eventId: '%' }],
    ['#/audit?event=', { page: 'audit', eventId: null }],
  ])('%s has a meaning', (hash, route) => {
    expect(routeOf(hash)).toEqual(route)
  })
})
