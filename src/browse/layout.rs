//! Divides the screen: title, list, detail, facets, and two lines at the bottom.

use ratatui::layout::{Rect, Size};

/// The detail stands beside the list from this width on, and below it on narrower screens.
pub(crate) const WIDE: u16 = 120;
/// Facets are always shown from this width on.
const FACETS_ALWAYS: u16 = 160;
const FACETS_WIDTH: u16 = 34;
/// Narrower screens show either the facets or the list.
const MIN_WIDTH_FOR_BOTH: u16 = 70;
/// A body lower than this has no detail below its list, in rows.
const MIN_BODY_FOR_DETAIL: u16 = 14;

/// The areas of a list screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ListAreas {
    pub(crate) title: Rect,
    pub(crate) facets: Option<Rect>,
    pub(crate) header: Rect,
    pub(crate) rows: Rect,
    /// The line between list and detail.
    pub(crate) divider: Option<Rect>,
    pub(crate) detail: Option<Rect>,
    pub(crate) command: Rect,
    pub(crate) keys: Rect,
}

/// The areas of a document screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DocumentAreas {
    pub(crate) title: Rect,
    pub(crate) text: Rect,
    pub(crate) command: Rect,
    pub(crate) keys: Rect,
}

pub(crate) fn document_areas(size: Size) -> DocumentAreas {
    let Size { width, height } = size;
    let body = height.saturating_sub(3);
    DocumentAreas {
        title: Rect::new(0, 0, width, u16::from(height > 3)),
        text: Rect::new(0, u16::from(height > 3), width, body),
        command: Rect::new(0, height.saturating_sub(2), width, u16::from(height > 1)),
        keys: Rect::new(0, height.saturating_sub(1), width, u16::from(height > 0)),
    }
}

pub(crate) fn list_areas(size: Size, has_facets: bool) -> ListAreas {
    let DocumentAreas { title, text: mut body, command, keys } = document_areas(size);
    let mut facets = None;
    if has_facets && body.width < MIN_WIDTH_FOR_BOTH {
        let (list, covered) = (Rect { height: 0, ..body }, Some(body));
        return ListAreas {
            title,
            facets: covered,
            header: list,
            rows: list,
            divider: None,
            detail: None,
            command,
            keys,
        };
    }
    if has_facets || size.width >= FACETS_ALWAYS {
        facets = Some(Rect { width: FACETS_WIDTH, ..body });
        (body.x, body.width) = (FACETS_WIDTH + 1, body.width - FACETS_WIDTH - 1);
    }
    let (mut list, mut divider, mut detail) = (body, None, None);
    if body.width >= WIDE {
        list.width = body.width * 11 / 20;
        let x = body.x + list.width;
        divider = Some(Rect { x, width: 1, ..body });
        detail = Some(Rect { x: x + 2, width: body.width.saturating_sub(list.width + 2), ..body });
    } else if body.height >= MIN_BODY_FOR_DETAIL {
        let height = body.height * 2 / 5;
        list.height = body.height - height - 1;
        divider = Some(Rect { y: body.y + list.height, height: 1, ..body });
        detail = Some(Rect { y: body.y + list.height + 1, height, ..body });
    }
    let header = Rect { height: list.height.min(1), ..list };
    let rows = Rect { y: list.y + header.height, height: list.height - header.height, ..list };
    ListAreas { title, facets, header, rows, divider, detail, command, keys }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_lie_within_every_screen_and_leave_rows() {
        for (width, height) in
            [(1, 1), (5, 2), (20, 5), (40, 12), (80, 24), (119, 30), (120, 40), (160, 20), (250, 80)]
        {
            for has_facets in [false, true] {
                let areas = list_areas(Size { width, height }, has_facets);
                let screen = Rect::new(0, 0, width, height);
                let some = [areas.facets, areas.divider, areas.detail];
                let all = [areas.title, areas.header, areas.rows, areas.command, areas.keys];
                for area in some.into_iter().flatten().chain(all) {
                    assert_eq!(area.intersection(screen).area(), area.area(), "{width}×{height} {area:?}");
                }
                let is_covered = has_facets && width < MIN_WIDTH_FOR_BOTH;
                assert!(height < 6 || is_covered || areas.rows.height > 1, "{width}×{height}");
            }
        }
    }

    #[test]
    fn the_detail_stands_beside_below_or_not_at_all() {
        let areas = |width, height| list_areas(Size { width, height }, false);
        assert_eq!((areas(40, 12).detail, areas(40, 12).rows.height), (None, 8));
        assert!(areas(80, 24).detail.is_some_and(|detail| detail.width == 80 && detail.height >= 8));
        assert!(areas(120, 40).detail.is_some_and(|detail| detail.x > 60 && detail.height == 37));
        assert!(areas(160, 40).facets.is_some() && areas(120, 40).facets.is_none());
    }
}
