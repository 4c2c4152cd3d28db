package sheets

import (
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"

	"songshui.internal/services/internal/tables"
)

// templateRows is how far down the template's checks reach.
const templateRows = 1000

const (
	guideSheet  = "说明"
	outletSheet = "媒体名录"
)

var guide = []string{
	"“专题行”案例批量上报模板",
	"一、每件案例在“案例”表中占一行；“问题”“曝光”“影像”三张表用同一“文号”对应，一件案例可以有多行。",
	"二、标 * 的列必填。光标移到列名上可以看到填写说明；行业、类别等从下拉列表中选择。",
	"三、影像须先上传，再在“影像”表中填写文件名。没有刊播的案例，“曝光”表不填。",
	"四、导入后会列出未通过的单元格（表、行、列和原因），并可下载已标记的文件；修改后整份重新导入即可，已受理的案例不会重复。",
	"五、不要改动列名和表名；可以删除不用的列，也可以增加自己的列，系统不读取。",
}

// Template writes the empty template; outlets are the names of the province's list, for the drop-down.
func Template(w io.Writer, outlets []string) error {
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	if err := template(f, outlets); err != nil {
		return fmt.Errorf("sheets: template: %w", err)
	}
	if _, err := f.WriteTo(w); err != nil {
		return fmt.Errorf("sheets: template: %w", err)
	}
	return nil
}

func template(f *excelize.File, outlets []string) error {
	if err := f.SetSheetName(f.GetSheetName(0), guideSheet); err != nil {
		return err
	}
	title, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true, Size: 16, Family: "宋体"}})
	if err != nil {
		return err
	}
	wrap, err := f.NewStyle(&excelize.Style{Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}, Font: &excelize.Font{Size: 12, Family: "宋体"}})
	if err != nil {
		return err
	}
	if err := f.SetColWidth(guideSheet, "A", "A", 110); err != nil {
		return err
	}
	for i, line := range guide {
		cell, style := fmt.Sprint("A", i+1), wrap
		if i == 0 {
			style = title
		}
		if err := f.SetCellStr(guideSheet, cell, line); err != nil {
			return err
		}
		// Two lines: not every program fits rows to their texts when it opens a file.
		if err := f.SetRowHeight(guideSheet, i+1, 36); err != nil {
			return err
		}
		if err := f.SetCellStyle(guideSheet, cell, cell, style); err != nil {
			return err
		}
	}
	if err := printable(f, guideSheet); err != nil {
		return err
	}
	for g := ofCase; g < groups; g++ {
		if err := templateSheet(f, g, len(outlets)); err != nil {
			return err
		}
	}
	if _, err := f.NewSheet(outletSheet); err != nil {
		return err
	}
	for i, o := range outlets {
		if err := f.SetCellStr(outletSheet, fmt.Sprint("A", i+1), o); err != nil {
			return err
		}
	}
	if err := f.SetColWidth(outletSheet, "A", "A", 30); err != nil {
		return err
	}
	f.SetActiveSheet(1)
	return nil
}

func templateSheet(f *excelize.File, g group, outlets int) error {
	name := sheetNames[g]
	if _, err := f.NewSheet(name); err != nil {
		return err
	}
	head, err := tables.HeadStyle(f)
	if err != nil {
		return err
	}
	text, err := f.NewStyle(&excelize.Style{NumFmt: 49, Alignment: &excelize.Alignment{Vertical: "top", WrapText: true}})
	if err != nil {
		return err
	}
	dayFormat := "yyyy-mm-dd"
	dayStyle, err := f.NewStyle(&excelize.Style{CustomNumFmt: &dayFormat, Alignment: &excelize.Alignment{Vertical: "top"}})
	if err != nil {
		return err
	}
	at := 0
	for _, c := range columns {
		if c.group != g && c.title != refTitle {
			continue
		}
		at++
		col := letters(at)
		style := text
		switch c.form {
		case aDay:
			style = dayStyle
		case aNumber, aWhole:
			style = 0
		case aText, aList, aTerm:
		}
		if err := f.SetColStyle(name, col, style); err != nil {
			return err
		}
		if err := f.SetColWidth(name, col, col, c.width); err != nil {
			return err
		}
		shown := c.title
		if c.required {
			shown += "*"
		}
		if err := f.SetCellStr(name, col+"1", shown); err != nil {
			return err
		}
		if err := f.SetCellStyle(name, col+"1", col+"1", head); err != nil {
			return err
		}
		if c.note != "" {
			if err := f.AddComment(name, excelize.Comment{Cell: col + "1", Author: "松水", Width: 260, Height: 70, Paragraph: []excelize.RichTextRun{{Text: c.note}}}); err != nil {
				return err
			}
		}
		if err := validate(f, name, col, c, outlets); err != nil {
			return err
		}
	}
	if err := f.SetRowHeight(name, 1, 24); err != nil {
		return err
	}
	if err := printable(f, name); err != nil {
		return err
	}
	return f.SetPanes(name, &excelize.Panes{Freeze: true, XSplit: 1, YSplit: 1, TopLeftCell: "B2", ActivePane: "bottomRight"})
}

// printable sets a sheet to A4 across, all columns on one page, with the heads on each.
func printable(f *excelize.File, sheet string) error {
	landscape, paper, wide, high, fit := "landscape", 9, 1, 0, true
	if err := f.SetPageLayout(sheet, &excelize.PageLayoutOptions{Size: &paper, Orientation: &landscape, FitToWidth: &wide, FitToHeight: &high}); err != nil {
		return err
	}
	if err := f.SetSheetProps(sheet, &excelize.SheetPropsOptions{FitToPage: &fit}); err != nil {
		return err
	}
	return f.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: "'" + sheet + "'!$1:$1", Scope: sheet})
}

// validate adds a column's check: a drop-down, a day, a number. They help whoever types; loading checks again.
func validate(f *excelize.File, sheet, col string, c column, outlets int) error {
	v := excelize.NewDataValidation(true)
	v.SetSqref(fmt.Sprintf("%s2:%s%d", col, col, templateRows))
	var err error
	switch {
	case c.form == aTerm:
		err = v.SetDropList(c.words())
		v.SetError(excelize.DataValidationErrorStyleStop, "请从下拉列表中选择", strings.Join(c.words(), "、"))
	case c.field == "outlet" && outlets > 0:
		v.SetSqrefDropList(fmt.Sprintf("%s!$A$1:$A$%d", outletSheet, outlets))
		v.SetError(excelize.DataValidationErrorStyleWarning, "名录中没有这家媒体", "可以填写，待省级认定后计入。")
	case c.form == aDay:
		err = v.SetRange("DATE(2000,1,1)", "DATE(2100,12,31)", excelize.DataValidationTypeDate, excelize.DataValidationOperatorBetween)
		v.SetError(excelize.DataValidationErrorStyleStop, "不是日期", "格式：2026-06-12")
	case c.form == aWhole:
		err = v.SetRange(0, 100_000_000_000, excelize.DataValidationTypeWhole, excelize.DataValidationOperatorBetween)
		v.SetError(excelize.DataValidationErrorStyleStop, "应为整数元", "不要带单位和小数")
	case c.field == "location.lat" || c.field == "location.lon":
		err = v.SetRange(-180, 180, excelize.DataValidationTypeDecimal, excelize.DataValidationOperatorBetween)
		v.SetError(excelize.DataValidationErrorStyleStop, "应为度数", "如 43.817")
	default:
		return nil
	}
	if err != nil {
		return err
	}
	return f.AddDataValidation(sheet, v)
}
